import { SelvageError } from '../errors';

/** The methods of the four ports that change what is stored. */
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
]);

/**
 * The adapter (or backends), of which some writes are done and answered all the same with `BackendUnavailable`, as when a connection is lost
 * between the commit and the answer.
 *
 * @param when asked for each write that was done, by the name of its method
 */
export function withDoneButFailed<T extends object>(adapter: T, when: (method: string) => boolean): T {
  return aroundCalls(adapter, async (method, call) => {
    const answer = await call();
    if (WRITES.has(method) && when(method))
      throw new SelvageError('BackendUnavailable', `The answer to ${method} was lost. It was done.`);
    return answer;
  });
}

/** Those that answer at once, or with something that is no promise. */
const DIRECT: ReadonlySet<string> = new Set(['commitsTogetherWith', 'leasesBeside', 'subscribe', 'close']);

/** The adapter, with something around each of its calls. It is an instance of the same class; what it calls of itself goes by the way. */
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
