import { proxyActivities } from '@temporalio/workflow';
import type * as activities from './quickstart.activities';

const { double, add } = proxyActivities<typeof activities>({ startToCloseTimeout: '1 minute' });

/** What the quickstart does, as a workflow written by hand. */
export async function quickstart({ x }: { x: number }): Promise<{ answer: number }> {
  const d = await double({ x });
  return { answer: await add({ a: x, b: d }) };
}
