/** A cluster with a kubelet, real pods and the operator's image: where the e2e suite installs the chart. */
export interface E2eCluster {
  readonly kind: 'existing' | 'kind' | 'local'
  /** Path of an administrator's kubeconfig. */
  readonly kubeconfig: string
  /** What the chart is to install, "docker.io/local/tencent-cert-sync:HASH". The node has it: pullPolicy IfNotPresent. */
  readonly image: string
  /** Breaks and mends parts of the node; only where we own it (`local`). */
  readonly faults?: NodeFaults
  /** Ends what was started for this object; a cluster that somebody else keeps goes on. A second call does nothing. */
  stop(): Promise<void>
}

/** Faults of the control plane and of the node. Each resolves when the thing said has happened; all may be repeated. */
export interface NodeFaults {
  /** SIGTERM (after 5 s SIGKILL), `downMs` (default 0) without it, start; resolves when it says that it is ready. */
  restartApiServer(options?: { downMs?: number }): Promise<void>
  /** SIGKILL; the API server stays away until `startApiServer` or `restartApiServer`. */
  killApiServer(): Promise<void>
  /** Resolves when the API server says that it is ready; one that runs is left alone. */
  startApiServer(): Promise<void>
  /** Resolves when the kubelet's own health check answers. Pods go on meanwhile. */
  restartKubelet(): Promise<void>
  /** Resolves when containerd answers. Containers go on meanwhile: their shims are processes of their own. */
  restartContainerd(): Promise<void>
  /** SIGKILL to the first process of each running container of the pod. @throws Error when none runs */
  killContainer(namespace: string, pod: string): Promise<void>
  /** SIGSTOP to it: it answers nothing, holds its connections, and its clocks go on. */
  pauseContainer(namespace: string, pod: string): Promise<void>
  /** SIGCONT to it. */
  resumeContainer(namespace: string, pod: string): Promise<void>
}

/** A running cluster as plain data (JSON), for a process that did not start it: see `attach`. */
export interface E2eClusterDescription {
  readonly kind: E2eCluster['kind']
  readonly kubeconfig: string
  readonly image: string
  /** Unix socket on which the node takes orders; `local` only. */
  readonly controlSocket?: string
}
