import { SelvageError } from '../errors';

/** The names of the methods of the five ports that change the storage. */
const WRITES: ReadonlySet<string> = new Set([
  // Data store
  'put',
  'putStream',
  'keep',
  'delete',
  'deleteUnlessPutSince',
  // Run history, and all backends together
  'commit',
  'startRun',
  'endRun',
  'changeRun',
  'deleteRun',
  // Tapestry store
  'save',
  'offer',
  // Lease table
  'acquire',
  'renew',
  'release',
  'takeTurn',
  // Start ledger
  'claim',
  'markStarted',
  'forget',
]);

/**
 * Wraps an adapter (or backends) so that some writes succeed but report `BackendUnavailable`, as when a connection
 * breaks between the commit and the answer.
 *
 * @param when a callback with the method's name after each write
 */
export function withDoneButFailed<T extends object>(adapter: T, when: (method: string) => boolean): T {
  return aroundCalls(adapter, async (method, call) => {
    const answer = await call();
    if (WRITES.has(method) && when(method))
      throw new SelvageError('BackendUnavailable', `The answer to ${method} was lost. It was done.`);
    return answer;
  });
}

const DIRECT: ReadonlySet<string> = new Set([
  'commitsTogetherWith',
  'leasesBeside',
  'emitterTableBeside',
  'startLedgerBeside',
  'subscribe',
  'changes',
  'close',
]);

/** Returns an instance of the same class; calls by the adapter of its own methods are not wrapped. */
function aroundCalls<T extends object>(
  adapter: T,
  around: (method: string, call: () => Promise<unknown>) => Promise<unknown>,
): T {
  return new Proxy(adapter, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      const method = value.bind(target) as (...args: unknown[]) => unknown;
      if (DIRECT.has(String(name))) return method;
      return (...args: unknown[]) => around(String(name), async () => await method(...args));
    },
  });
}
