import {
  knot,
  local,
  map,
  queue,
  reduce,
  tapestry,
  waitForSignal,
  type Dispatcher,
  type Knot,
} from 'selvage';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { countRows, increment, makeRows, nextRows, sum, type TableRow } from '../raw/activities';
import type { Workload } from './workload';

/** The signal that all waits are for. */
export const WAITED_FOR = 'go';
const inc = knot('inc', ({ x }: { x: number }) => increment(x));
const once = { version: '1', cache: true } as const;
const incOnce = knot('inc-once', once, ({ x, by }: { x: number; by: number }) => increment(x) + by);
const totalOnce = knot('total-once', once, (values: Record<string, number>) => sum(Object.values(values)));
const total = knot('total', (values: Record<string, number>) => sum(Object.values(values)));
const makeTable = knot('make-table', ({ seed }: { seed: number }) => makeRows(seed));
const nextTable = knot('next-table', ({ rows }: { rows: TableRow[] }) => nextRows(rows));
const countTable = knot('count-table', ({ rows }: { rows: TableRow[] }) => countRows(rows));

/** Of `local` knots where `dispatcher` says so, which are named after that. */
function named(dispatcher: Dispatcher, name: string): string {
  return dispatcher.kind === 'local' ? `local ${name}` : name;
}

function chain(size: number, dispatcher: Dispatcher = queue(), rawSize = size): Workload {
  return {
    name: named(dispatcher, `chain of ${size}`),
    workflow: 'chain',
    size: rawSize,
    knots: size,
    tapestry: () =>
      tapestry(`${dispatcher.kind}-chain-${size}`, { knots: { dispatcher } }, (t) => {
        let result: Knot<number> = t.parameter('start', z.number());
        for (let index = 0; index < size; index++) result = inc({ x: result }, { id: `inc-${index}` });
        return { result };
      }),
  };
}

function fanOut(size: number, dispatcher: Dispatcher = queue()): Workload {
  return {
    name: named(dispatcher, `fan-out of ${size} with a sum`),
    workflow: 'fanOut',
    size,
    knots: size + 1,
    tapestry: () =>
      tapestry(`${dispatcher.kind}-fan-out-${size}`, { knots: { dispatcher } }, (t) => {
        const start = t.parameter('start', z.number());
        const values: Record<string, Knot<number>> = {};
        for (let index = 0; index < size; index++)
          values[`v${index}`] = inc({ x: start }, { id: `inc-${index}` });
        return { result: total(values, { id: 'total' }) };
      }),
  };
}

/** As many waits for signals as there are knots in a fan-out, with the same sum. */
function waiting(size: number): Workload {
  return {
    name: `${size} waits for signals with a sum`,
    workflow: 'fanOut',
    size,
    knots: size + 1,
    tapestry: () =>
      tapestry(`waiting-${size}`, (t) => {
        const start = t.parameter('start', z.number());
        const values: Record<string, Knot<number>> = { start };
        for (let index = 0; index < size; index++)
          values[`v${index}`] = waitForSignal(WAITED_FOR, z.number(), { id: `wait-${index}` });
        return { result: total(values, { id: 'total' }) };
      }),
  };
}

/** Knots whose values are reused: of a chain, or side by side with a sum. No two of them have the same cache key. */
function reusable(shape: 'chain' | 'fan-out', size: number): Workload {
  const name = `reusable ${shape} of ${size}`;
  return {
    name,
    workflow: shape === 'chain' ? 'chain' : 'fanOut',
    size,
    knots: size,
    tapestry: () =>
      tapestry(`reusable-${shape}-${size}`, (t) => {
        const start = t.parameter('start', z.number());
        const values: Record<string, Knot<number>> = {};
        let last: Knot<number> = start;
        for (let index = 0; index < size; index++) {
          const by = shape === 'chain' ? 0 : index;
          last = incOnce({ x: shape === 'chain' ? last : start, by }, { id: `inc-${index}` });
          values[`v${index}`] = last;
        }
        return { result: shape === 'chain' ? last : totalOnce(values, { id: 'total' }) };
      }),
  };
}

/** `size` values of 1 MB, each made from the one before. */
function tables(size: number, dispatcher: Dispatcher = queue()): Workload {
  return {
    name: named(dispatcher, `${size} knots passing 1 MB`),
    workflow: 'passTables',
    size,
    knots: size + 1,
    tapestry: () =>
      tapestry(`${dispatcher.kind}-tables-${size}`, { knots: { dispatcher } }, (t) => {
        let rows: Knot<TableRow[]> = makeTable({ seed: t.parameter('start', z.number()) }, { id: 'table-0' });
        for (let index = 1; index < size; index++) rows = nextTable({ rows }, { id: `table-${index}` });
        return { result: countTable({ rows }, { id: 'count' }) };
      }),
  };
}

const range = knot('range', ({ start, size }: { start: number; size: number }) =>
  Array.from({ length: size }, (_, index) => start + index),
);

/** A body for each element of a list, and the sum of what they return. */
function mapping(size: number, dispatcher: Dispatcher, batch?: number): Workload {
  const how = batch === undefined ? '' : ` in batches of ${batch}`;
  return {
    name: `${named(dispatcher, `map of ${size}`)}${how}`,
    workflow: 'mapSlices',
    size,
    knots: size,
    tapestry: () =>
      tapestry(`${dispatcher.kind}-map-${size}-${batch ?? 1}`, { knots: { dispatcher } }, (t) => {
        const list = range({ start: t.parameter('start', z.number()), size }, { id: 'list' });
        const mapped = map(
          { over: list, each: inc, bind: 'x', ...(batch !== undefined && { batch }) },
          { id: 'mapped' },
        );
        return { result: reduce({ of: mapped, combine: (values) => sum(values) }, { id: 'total' }) };
      }),
  };
}

/** Fifteen knots one after the other, one of which is a map. */
function steps(size: number): Workload {
  const before = 12;
  return {
    name: `15 knots and ${size} elements`,
    workflow: 'steps',
    size,
    knots: before + 2 + size,
    tapestry: () =>
      tapestry(`steps-${size}`, (t) => {
        let start: Knot<number> = t.parameter('start', z.number());
        for (let index = 0; index < before; index++) start = inc({ x: start }, { id: `inc-${index}` });
        const mapped = map(
          { over: range({ start, size }, { id: 'list' }), each: inc, bind: 'x' },
          { id: 'mapped' },
        );
        return { result: reduce({ of: mapped, combine: (values) => sum(values) }, { id: 'total' }) };
      }),
  };
}

const dwell = knot('dwell', async ({ x, ms }: { x: number; ms: number }) => {
  if (ms > 0) await delay(ms);
  return increment(x);
});

/** Knots side by side under one limit, with a sum. */
function limitedTo(
  limit: { readonly atOnce: number } | { readonly perSecond: number },
  size: number,
  ms: number,
): Workload {
  const how = 'atOnce' in limit ? `${limit.atOnce} at once` : `${limit.perSecond} a second`;
  const name = `${size} knots of ${ms} ms, ${how}`;
  const options =
    'atOnce' in limit
      ? { maxConcurrent: { key: name, limit: limit.atOnce } }
      : { ratePerSecond: { key: name, limit: limit.perSecond } };
  return {
    name,
    workflow: 'fanOut',
    size,
    knots: size + 1,
    tapestry: () =>
      tapestry(`limited-${size}-${ms}`, (t) => {
        const start = t.parameter('start', z.number());
        const values: Record<string, Knot<number>> = {};
        for (let index = 0; index < size; index++)
          values[`v${index}`] = dwell({ x: start, ms }, { id: `dwell-${index}`, ...options });
        return { result: total(values, { id: 'total' }) };
      }),
  };
}

export const MAP_10000 = mapping(10_000, queue());
export const MAP_10000_BATCHED = mapping(10_000, queue(), 100);
export const MAP_100000_BATCHED = mapping(100_000, queue(), 100);
export const LOCAL_MAP_10000 = mapping(10_000, local());
export const LOCAL_MAP_100000 = mapping(100_000, local());

export const STEPS_20 = steps(20);

export const CHAIN_3 = chain(3);
export const CHAIN_10 = chain(10);
export const CHAIN_100 = chain(100);
export const CHAIN_200 = chain(200);
/** For the length of its history. */
export const CHAIN_670 = chain(670);
export const CHAIN_1000 = chain(1_000);
export const FAN_OUT_100 = fanOut(100);
export const FAN_OUT_1000 = fanOut(1_000);
/** Against a workflow of one activity. */
export const LOCAL_CHAIN_3 = chain(3, local(), 1);
export const LOCAL_CHAIN_100 = chain(100, local());
export const LOCAL_CHAIN_1000 = chain(1_000, local());
export const LOCAL_FAN_OUT_1000 = fanOut(1_000, local());
export const REUSABLE_CHAIN_1000 = reusable('chain', 1_000);
export const REUSABLE_FAN_OUT_1000 = reusable('fan-out', 1_000);
export const TABLES_20 = tables(20);
export const LOCAL_TABLES_20 = tables(20, local());
export const WAITING_1000 = waiting(1_000);
export const ONE_AT_ONCE = limitedTo({ atOnce: 1 }, 200, 0);
export const FIVE_AT_ONCE = limitedTo({ atOnce: 5 }, 200, 20);
export const TWO_LONG_AT_ONCE = limitedTo({ atOnce: 2 }, 20, 700);
export const FIFTY_A_SECOND = limitedTo({ perSecond: 50 }, 200, 0);

export const WORKLOADS: readonly Workload[] = [
  STEPS_20,
  CHAIN_3,
  CHAIN_10,
  CHAIN_100,
  CHAIN_200,
  CHAIN_670,
  CHAIN_1000,
  FAN_OUT_100,
  FAN_OUT_1000,
  LOCAL_CHAIN_3,
  LOCAL_CHAIN_100,
  LOCAL_CHAIN_1000,
  LOCAL_FAN_OUT_1000,
  REUSABLE_CHAIN_1000,
  REUSABLE_FAN_OUT_1000,
  TABLES_20,
  LOCAL_TABLES_20,
  WAITING_1000,
  ONE_AT_ONCE,
  FIVE_AT_ONCE,
  TWO_LONG_AT_ONCE,
  FIFTY_A_SECOND,
  MAP_10000,
  MAP_10000_BATCHED,
  MAP_100000_BATCHED,
  LOCAL_MAP_10000,
  LOCAL_MAP_100000,
];
