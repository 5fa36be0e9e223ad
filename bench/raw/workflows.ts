import { proxyActivities } from '@temporalio/workflow';
import type * as activities from './activities';

type Async<A> = {
  [K in keyof A]: A[K] extends (...args: infer P) => infer R ? (...args: P) => Promise<R> : never;
};

const { increment, sum, makeRows, nextRows, countRows } = proxyActivities<Async<typeof activities>>({
  startToCloseTimeout: '1 minute',
});

export async function chain(start: number, size: number): Promise<number> {
  let result = start;
  for (let index = 0; index < size; index++) result = await increment(result);
  return result;
}

export async function fanOut(start: number, size: number): Promise<number> {
  return await sum(await Promise.all(Array.from({ length: size }, () => increment(start))));
}

export async function passTables(start: number, size: number): Promise<number> {
  let rows = await makeRows(start);
  for (let index = 1; index < size; index++) rows = await nextRows(rows);
  return await countRows(rows);
}
