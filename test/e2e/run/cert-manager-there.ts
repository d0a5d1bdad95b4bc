import type { Admin } from '../../control-plane/admin.ts'
import { unless } from '../../control-plane/admin.ts'

/** Whether somebody else's cert-manager runs in a cluster: two would issue everything twice. */
export async function certManagerIsThere(admin: Admin): Promise<boolean> {
  const query = { labelSelector: 'app.kubernetes.io/name=cert-manager' }
  const found = await admin
    .request<{ items: unknown[] }>('GET', '/apis/apps/v1/deployments', { query })
    .catch(unless(403))
  return (found?.items.length ?? 0) > 0
}
