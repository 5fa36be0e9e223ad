import type { PlanPolicy } from '../plan';
import { SelvageError } from '../errors';
import { callBody } from './call-body';
import type { KnotContext } from '../authoring/knot-context';
import type { DefinitionRecord } from '../authoring/records';

export interface BodyCall {
  readonly definition: DefinitionRecord;
  readonly policy: PlanPolicy;
  /** A body's inputs by name. The values are copies that belong to the body. */
  readonly inputs: Record<string, unknown>;
  /** Its signal is aborted on a cancel, a shutdown or a timeout. The caller then waits for the body's grace. */
  readonly context: KnotContext;
  /** Starts the body's timeout after a wait for a thread or a process. */
  begins?(): void;
}

/**
 * Calls bodies: in this process, in a thread, or in another language. The caller makes everything durable.
 *
 * @throws SelvageError `InvalidInput`, `InvalidOutput`; {@link HostLost}; `HostMissing`, `HostNotUsable`,
 * which are no verdict on the body; errors of the body
 */
export type BodyHost = (call: BodyCall) => Promise<unknown>;

/** The thread, process or machine that ran the body died. The death counts as a lost worker of this knot alone. */
export class HostLost extends Error {}

export const callInProcess: BodyHost = ({ definition, policy, inputs, context }) =>
  callBody(definition, policy, inputs, context);

/** The open body hosts of a worker, or of a run in process. */
export interface BodyHosts {
  /** Calls a body at the host that its policy names, without applying schemas. @throws as {@link BodyHost} */
  call(call: BodyCall): Promise<unknown>;
  /** Hash of a body's source as its host describes it; undefined if it does not, or the body is TypeScript. */
  codeHashOf(host: string, definition: DefinitionRecord): string | undefined;
  /** Why a host's last thread or process failed to start, by the host's name; undefined if it started. */
  troubles(): ReadonlyMap<string, unknown>;
  close(): Promise<void>;
}

export function callWith(hosts: () => BodyHosts | undefined): BodyHost {
  return (call) => {
    const { host } = call.policy;
    if (host === undefined) return callInProcess(call);
    return callBody(call.definition, call.policy, call.inputs, call.context, async (inputs) => {
      const open = hosts();
      if (!open) throw hostMissing(host, call.context.knotId);
      return await open.call({ ...call, inputs });
    });
  };
}

/** Whether the host cannot call bodies now. The error says nothing about the body. */
export function isHostTrouble(error: unknown): boolean {
  return SelvageError.is(error, 'HostMissing') || SelvageError.is(error, 'HostNotUsable');
}

export function hostMissing(host: string, knotId: string): SelvageError {
  return new SelvageError(
    'HostMissing',
    `Knot "${knotId}" is to be called by the body host "${host}", which this worker has not opened: no knot that it has registered for its task queue names it. ` +
      'The knot waits for a worker that has it: deploy the code that the run was started with beside the new one.',
    { details: { knot: knotId, host } },
  );
}
