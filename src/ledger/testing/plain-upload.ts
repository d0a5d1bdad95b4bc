import type { Upload } from '../entry.ts'

/** A certificate that was uploaded for `web/site` with everything that was asked for. */
export const plainUpload: Upload = {
  by: 'web/site',
  own: false,
  repeated: false,
  request: undefined,
  settings: 'v1:x',
  rung: 'Nothing',
  account: 'Nothing',
  refusedWith: undefined,
}
