/** Whether this process may act in the world. Asked synchronously, right before anything is sent. */
export interface Fence {
  /** @throws NotLeadingError when another process may be the leader */
  check(): void
}
