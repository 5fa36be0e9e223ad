import { SelvageError } from '../errors';

const IN_BODY_THREAD = Symbol.for('selvage.bodyThread');

export function markBodyThread(): void {
  (globalThis as Record<symbol, unknown>)[IN_BODY_THREAD] = true;
}

/** Loading a file with bodies in a thread must not open a client or a worker. @throws SelvageError `InBodyThread` */
export function refuseInBodyThread(what: string): void {
  if ((globalThis as Record<symbol, unknown>)[IN_BODY_THREAD] !== true) return;
  throw new SelvageError(
    'InBodyThread',
    `${what} was called in a thread that runs bodies, which has loaded the file for them. Move the tapestries and their definitions into a file of their own, ` +
      "and name it: threads({ module: require.resolve('./tapestries') }).",
  );
}
