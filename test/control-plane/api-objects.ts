/** The few shapes of Kubernetes objects that tests read and write, as they are on the wire. */
export interface ObjectMeta {
  name: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  creationTimestamp?: string
  deletionTimestamp?: string
  annotations?: Record<string, string>
  labels?: Record<string, string>
  managedFields?: { manager: string; operation: string; time?: string; fieldsV1?: Record<string, unknown> }[]
}

export interface Secret {
  apiVersion: 'v1'
  kind: 'Secret'
  metadata: ObjectMeta
  type: string
  /** Base64 values, absent when there are none. */
  data?: Record<string, string>
  immutable?: boolean
}

/** What tests say of a Secret; values of `data` are the bytes themselves and are base64-encoded on the way out. */
export interface SecretContent {
  annotations?: Record<string, string>
  labels?: Record<string, string>
  data?: Record<string, string | Uint8Array>
  /** Default `kubernetes.io/tls`. */
  type?: string
}

/** An Event of events.k8s.io/v1. */
export interface ClusterEvent {
  metadata: ObjectMeta
  eventTime: string | null
  reason: string
  note?: string
  type: string
  action: string
  reportingController: string
  reportingInstance: string
  regarding: { kind?: string; namespace?: string; name?: string; uid?: string }
  series?: { count: number; lastObservedTime: string }
}

/** A rule of a Role or ClusterRole. */
export interface PolicyRule {
  apiGroups: string[]
  resources: string[]
  verbs: string[]
  resourceNames?: string[]
}
