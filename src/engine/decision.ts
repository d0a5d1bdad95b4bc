import type { Observed } from '../contract/observe.ts'
import type { Capability, CapabilityMemory } from './capability.ts'
import type { Action, Instant, Step } from './step.ts'

/** What a capability decided, and by what. */
export interface Decision<View, Memory, A extends Action> {
  readonly view: View
  readonly memory: Memory
  readonly step: Step<A>
}

/** The step of a capability for what was observed and is remembered: after each GET and after each call. */
export function decide<View, Memory extends CapabilityMemory, A extends Action, T>(
  capability: Capability<View, Memory, A, T>,
  observed: Observed,
  remembered: Memory,
  now: Instant,
): Decision<View, Memory, A> {
  const view = capability.view(observed)
  capability.noticed(view)
  const memory = capability.recall(view, remembered)
  return { view, memory, step: capability.next(view, memory, now) }
}
