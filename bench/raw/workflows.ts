import { executeChild, proxyActivities } from '@temporalio/workflow';
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

const SLICE = 500;
/** As a map does it that runs 100 elements at once. */
const SLICES_AT_ONCE = 2;
const ELEMENTS_AT_ONCE = 50;

async function inWindow(
  count: number,
  window: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(window, count) }, worker));
}

/** One activity an element, in slices that have a child workflow each. */
export async function mapSlices(start: number, size: number): Promise<number> {
  const sums: number[] = [];
  await inWindow(Math.ceil(size / SLICE), SLICES_AT_ONCE, async (slice) => {
    const first = slice * SLICE;
    const args: [number, number] = [start + first, Math.min(SLICE, size - first)];
    sums.push(await sum(await executeChild(mapSlice, { args })));
  });
  return await sum(sums);
}

export async function mapSlice(start: number, size: number): Promise<number[]> {
  const values: number[] = [];
  await inWindow(size, ELEMENTS_AT_ONCE, async (index) => {
    values[index] = await increment(start + index);
  });
  return values;
}

/** As an ordinary pipeline: steps one after the other, one of them for each element of a list. */
export async function steps(start: number, size: number): Promise<number> {
  const last = await chain(start, 13);
  return await sum(await executeChild(mapSlice, { args: [last, size] }));
}
