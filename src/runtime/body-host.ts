import type { PlanPolicy } from '../plan';
import { SelvageError } from '../errors';
import { callBody } from './call-body';
import type { KnotContext } from '../authoring/knot-context';
import type { DefinitionRecord } from '../authoring/records';

export interface BodyCall {
  readonly definition: DefinitionRecord;
  readonly policy: PlanPolicy;
  /** Input name to value. The values are copies that belong to the body. */
  readonly inputs: Record<string, unknown>;
  /**
   * Its signal is aborted on a cancel, a shutdown or a timeout. After that the caller waits no longer than the grace.
   */
  readonly context: KnotContext;
  /** Call it when the body begins, if it may have had to wait for a thread or a process: its time counts from then. */
  begins?(): void;
}

/**
 * Calls bodies: in this process, in a thread, or in another language. Everything durable is up to the caller.
 *
 * @throws SelvageError `InvalidInput`, `InvalidOutput`; {@link HostLost}; `HostMissing`, `HostNotUsable`, which are no verdict on the body;
 *   whatever the body throws
 */
export type BodyHost = (call: BodyCall) => Promise<unknown>;

/** What ran the body has died with it: a thread, a process, a machine. It counts as a lost worker of this knot alone. */
export class HostLost extends Error {}

/** Calls bodies in this process. */
export const callInProcess: BodyHost = ({ definition, policy, inputs, context }) =>
  callBody(definition, policy, inputs, context);

/** The open body hosts of a worker, or of a run in process. */
export interface BodyHosts {
  /**
   * Calls a body at the host that its policy names. The schemas are applied by the caller.
   *
   * @throws as {@link BodyHost}
   */
  call(call: BodyCall): Promise<unknown>;
  /** The hash of a body's source, as the host of this name describes it; undefined if it does not, or if the body is one of TypeScript. */
  codeHashOf(host: string, definition: DefinitionRecord): string | undefined;
  /** By name: why the last thread or process of a host could not be started; undefined for a host that could start it. */
  troubles(): ReadonlyMap<string, unknown>;
  close(): Promise<void>;
}

/** Calls each body where its policy says. */
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

/** Whether an error says that the host cannot call bodies now, and nothing about the body. */
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
