import type { PlanPolicy } from '../plan';
import { callBody } from './call-body';
import type { KnotContext } from '../authoring/knot-context';
import type { DefinitionRecord } from '../authoring/records';

/** One call of a body. */
export interface BodyCall {
  readonly definition: DefinitionRecord;
  readonly policy: PlanPolicy;
  /** Input name to value. The values are copies that belong to the body. */
  readonly inputs: Record<string, unknown>;
  /**
   * Its signal is aborted on a cancel, a shutdown or a timeout. After that the caller waits no longer than the grace.
   */
  readonly context: KnotContext;
}

/**
 * Calls bodies: in this process, in a thread, or in another language. Everything durable is up to the caller.
 *
 * @throws SelvageError `InvalidInput`, `InvalidOutput`; whatever the body throws
 */
export type BodyHost = (call: BodyCall) => Promise<unknown>;

/** Calls bodies in this process. */
export const callInProcess: BodyHost = ({ definition, policy, inputs, context }) =>
  callBody(definition, policy, inputs, context);
