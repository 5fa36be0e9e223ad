import { knot, sleep, tapestry, waitForSignal } from 'selvage';
import { z } from 'zod';

const prepare = knot('prepare', ({ x }: { x: number }) => x);

/** Waits for a person. */
export const approval = tapestry('approval', { parameters: { x: z.number() } }, (_t, { x }) => ({
  approval: waitForSignal('approve', z.null(), { id: 'approval', after: [prepare({ x }, { id: 'ready' })] }),
}));

/** Waits for a month. */
export const month = tapestry('month', { parameters: { x: z.number() } }, (_t, { x }) => ({
  end: sleep({ ms: 30 * 86_400_000, input: prepare({ x }, { id: 'ready' }) }, { id: 'month' }),
}));

export const tapestries = [approval, month];
export const taskQueue = 'waiting';
/** With two slots for bodies, a wait that held one would stop all runs. */
export const workerOptions = { maxConcurrentActivityTaskExecutions: 2 };
