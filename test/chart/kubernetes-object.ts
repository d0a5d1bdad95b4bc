import { loadAll } from 'js-yaml'

/** An object as a manifest holds it. What is not named here is reached with `at`. */
export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

/** The objects of a manifest; documents that hold nothing but comments are none. */
export function objectsOf(manifest: string): KubernetesObject[] {
  return loadAll(manifest).filter(
    (each): each is KubernetesObject => typeof each === 'object' && each !== null,
  )
}

/** The field at a path such as `spec.template.spec.containers.0.args`; undefined where the path leads nowhere. */
export function at(object: unknown, path: string): unknown {
  let value = object
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Record<string, unknown>)[step]
  }
  return value
}

/** `Deployment ops/demo`, for messages. */
export function describeObject({ kind, metadata }: KubernetesObject): string {
  return `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`
}
