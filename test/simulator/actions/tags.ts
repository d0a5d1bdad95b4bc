import { ApiError } from '../api-error.ts'
import type { Tag } from '../certificate-store.ts'
import type { Parameters } from '../parameters.ts'
import type { Profile } from '../profile.ts'

const reservedKey = /^(qcs:|qcloud|tencent|project)/i
/** Characters, as the pages of the Tag product say. */
const longest = { key: 127, value: 255 }

/**
 * @throws ApiError InvalidParameter.WithDetailReason; InvalidParameter.ReservedTagKey, UnauthorizedOperation where the
 *   profile has them
 */
export function checkTags(parameters: Parameters, profile: Profile): readonly Tag[] {
  const tags = tagsOf(parameters)
  if (tags.some(({ TagKey, TagValue }) => TagKey.length > longest.key || TagValue.length > longest.value)) {
    throw new ApiError('InvalidParameter.WithDetailReason', 'A tag key or tag value is too long.')
  }
  if (profile.tags === 'permitted' || tags.length === 0) return tags
  if (tags.some((tag) => reservedKey.test(tag.TagKey))) {
    throw new ApiError('InvalidParameter.ReservedTagKey', 'The tag key is reserved.')
  }
  throw new ApiError('UnauthorizedOperation', 'You have no permission to use tags.')
}

function tagsOf(parameters: Parameters): Tag[] {
  const tags = parameters['Tags']
  if (!Array.isArray(tags)) return []
  return tags.map((tag: Record<string, unknown>) => ({
    TagKey: String(tag['TagKey']),
    TagValue: String(tag['TagValue']),
  }))
}
