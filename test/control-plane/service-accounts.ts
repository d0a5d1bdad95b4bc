import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Admin, unless } from './admin.ts'
import type { PolicyRule } from './api-objects.ts'
import { writeKubeconfig } from './kubeconfig.ts'

/** What a ServiceAccount may do. */
export interface Grants {
  /** Everywhere: a ClusterRole. */
  cluster?: PolicyRule[]
  /** In these namespaces only: a Role in each. */
  namespaces?: Record<string, PolicyRule[]>
}

/** A ServiceAccount that a test made, with files to speak as it. */
export interface ServiceAccount {
  namespace: string
  name: string
  /** As RBAC and the audit log name it. */
  user: string
  /** Its kubeconfig; it names `tokenFile`, the token is not in it. */
  kubeconfig: string
  /** The token, replaceable while a program uses it. */
  tokenFile: string
}

const rbac = '/apis/rbac.authorization.k8s.io/v1'

/** Makes ServiceAccounts: no controller runs here, so tokens come by TokenRequest and files go to `folder`. */
export class ServiceAccounts {
  readonly #admin: Admin
  readonly #caPem: string
  readonly #folder: string

  constructor(admin: Admin, caPem: string, folder: string) {
    this.#admin = admin
    this.#caPem = caPem
    this.#folder = folder
  }

  /** Creates the ServiceAccount (its namespace too), grants, and resolves once the API server honours the grants. */
  async create(namespace: string, name: string, grants: Grants): Promise<ServiceAccount> {
    const file = join(this.#folder, `${namespace}.${name}`)
    const account: ServiceAccount = {
      namespace,
      name,
      user: `system:serviceaccount:${namespace}:${name}`,
      kubeconfig: `${file}.kubeconfig`,
      tokenFile: `${file}.token`,
    }
    await this.#admin.createNamespace(namespace)
    const body = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } }
    await this.#admin.request('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { body })
    await this.grant(account, grants)
    await this.issueToken(account)
    writeKubeconfig(account.kubeconfig, this.#admin.url, this.#caPem, { tokenFile: account.tokenFile })
    return account
  }

  /** Writes a new token to `tokenFile` and returns it. @param seconds its life, at least 600. */
  async issueToken(account: ServiceAccount, seconds = 86_400): Promise<string> {
    const answer = await this.#admin.request<{ status: { token: string } }>(
      'POST',
      `/api/v1/namespaces/${account.namespace}/serviceaccounts/${account.name}/token`,
      {
        body: {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: { expirationSeconds: seconds },
        },
      },
    )
    writeFileSync(account.tokenFile, answer.status.token, { mode: 0o600 })
    return answer.status.token
  }

  /** Replaces the rules of the scopes named in `grants`; resolves once the API server honours them. */
  async grant(account: ServiceAccount, grants: Grants): Promise<void> {
    for (const scope of scopes(grants)) {
      const name = roleName(account)
      const at = scope.namespace === undefined ? rbac : `${rbac}/namespaces/${scope.namespace}`
      const role = scope.namespace === undefined ? 'ClusterRole' : 'Role'
      if (scope.namespace !== undefined) await this.#admin.createNamespace(scope.namespace)
      await this.#put(`${at}/${role.toLowerCase()}s`, { kind: role, metadata: { name }, rules: scope.rules })
      await this.#put(`${at}/${role.toLowerCase()}bindings`, {
        kind: `${role}Binding`,
        metadata: { name },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: role, name },
        subjects: [{ kind: 'ServiceAccount', namespace: account.namespace, name: account.name }],
      })
      await this.#until(account, scope, true)
    }
  }

  /** Takes back what `grants` gave (the bindings go); resolves once the API server refuses. */
  async revoke(account: ServiceAccount, grants: Grants): Promise<void> {
    for (const scope of scopes(grants)) {
      const path =
        scope.namespace === undefined
          ? `${rbac}/clusterrolebindings`
          : `${rbac}/namespaces/${scope.namespace}/rolebindings`
      await this.#admin.request('DELETE', `${path}/${roleName(account)}`).catch(unless(404))
      await this.#until(account, scope, false)
    }
  }

  async #put(path: string, object: { metadata: { name: string } } & Record<string, unknown>): Promise<void> {
    const body = { apiVersion: 'rbac.authorization.k8s.io/v1', ...object }
    const made = await this.#admin.request('POST', path, { body }).catch(unless(409))
    if (made === undefined) await this.#admin.request('PUT', `${path}/${object.metadata.name}`, { body })
  }

  /** The authorizer follows RBAC objects through a cache, a few ms behind. */
  async #until(account: ServiceAccount, scope: Scope, allowed: boolean): Promise<void> {
    const deadline = performance.now() + 10_000
    for (const attributes of probes(scope)) {
      while ((await this.#mayDo(account, attributes)) !== allowed) {
        if (performance.now() > deadline) {
          throw new Error(`${account.user}: ${JSON.stringify(attributes)} is still not ${allowed}`)
        }
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
  }

  async #mayDo(account: ServiceAccount, resourceAttributes: Record<string, string>): Promise<boolean> {
    const groups = ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`]
    const review = await this.#admin.request<{ status: { allowed: boolean } }>(
      'POST',
      '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      {
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SubjectAccessReview',
          spec: { user: account.user, groups, resourceAttributes },
        },
      },
    )
    return review.status.allowed
  }
}

interface Scope {
  namespace?: string
  rules: PolicyRule[]
}

function scopes(grants: Grants): Scope[] {
  return [
    ...(grants.cluster === undefined ? [] : [{ rules: grants.cluster }]),
    ...Object.entries(grants.namespaces ?? {}).map(([namespace, rules]) => ({ namespace, rules })),
  ]
}

/** One question for each rule: the first of everything that it names. */
function probes(scope: Scope): Record<string, string>[] {
  return scope.rules.map((rule) => {
    const [resource = '', subresource = ''] = (rule.resources[0] ?? '').split('/')
    const resourceName = rule.resourceNames?.[0]
    return {
      group: rule.apiGroups[0] ?? '',
      resource,
      subresource,
      verb: rule.verbs[0] ?? '',
      ...(scope.namespace === undefined ? {} : { namespace: scope.namespace }),
      ...(resourceName === undefined ? {} : { name: resourceName }),
    }
  })
}

function roleName(account: ServiceAccount): string {
  return `${account.namespace}.${account.name}`
}
