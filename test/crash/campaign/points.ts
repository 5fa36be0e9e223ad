import type { CompositionName } from './composition';
import type { HostKind } from './hosted-bodies';
import type { StageName } from './mix';

/** What has to be true of a scenario for a blow to be planned at a point. */
export interface PointRules {
  readonly what: string;
  /** Which knots it can be aimed at, as stages list them; `none`: it is not aimed at a knot. */
  readonly at:
    'queue' | 'local' | 'pair' | 'batch' | 'slow' | 'maps' | 'shared' | 'hosted' | 'element' | 'none';
  /** The body host that the blow falls on: the point comes only where there is one. The body deals it. */
  readonly host?: HostKind;
  /** For points that aim at no knot: the stage that a composition needs for them. */
  readonly stage?: StageName;
  /** How value and record must be stored. Default: either way. */
  readonly stores?: 'split' | 'one-database';
  /** The scenario needs two workers with one slot each, so that work cannot all go to one of them. */
  readonly needsTwo?: boolean;
  /** More bodies must run at once than two workers with one slot each have. */
  readonly needsSlots?: boolean;
  /** The attempt that it is aimed at must have something to commit. */
  readonly needsOutcome?: boolean;
  /** The element that it is aimed at must not be the last one. */
  readonly needsMore?: boolean;
  /** Whether it comes to knots that call no function of ours, too, and put no value. */
  readonly needsNoBody?: boolean;
  /** Whether it falls on whatever runs just then. */
  readonly isStray?: boolean;
  /** The composition of servers that it comes in. Default: all. */
  readonly only?: CompositionName;
  /** How many blows fall here for one anywhere else. Default 1. */
  readonly weight?: number;
}

/**
 * Where blows fall. Each is a kill -9 of one process but for `two-workers` (of two), those of frozen workers (SIGSTOP,
 * SIGCONT), and those that end a thread.
 */
export const POINTS = {
  'in-body': { what: 'a body is running', at: 'queue' },
  'in-body-twice': { what: 'a body is running, and again in its next attempt', at: 'queue' },
  'after-body': { what: 'the body has returned, nothing is stored', at: 'queue', needsNoBody: true },
  'after-value': {
    what: 'the value is put, its record is not there',
    at: 'queue',
    stores: 'split',
  },
  'in-transaction': {
    what: 'value and record are written in one transaction, whose end the worker does not know',
    at: 'queue',
    stores: 'one-database',
    needsNoBody: true,
  },
  'after-record': {
    what: 'the record is inserted, the server does not know',
    at: 'queue',
    needsNoBody: true,
  },
  'after-answer': { what: 'the server has the answer', at: 'queue', needsNoBody: true },
  'in-pin': { what: 'the parameters are recorded, the run is not', at: 'none' },
  'in-settle': { what: 'the rest is recorded, the end of the run is not', at: 'none' },
  'after-settle': { what: 'the end of the run is recorded, the server does not know', at: 'none' },
  'segment-in-body': { what: 'a body in a segment is running', at: 'local' },
  'segment-between': { what: 'in a segment, between a record and the next knot', at: 'local' },
  'batch-in-body': { what: 'in a batch, the body of an element is running', at: 'batch' },
  'batch-between': { what: 'in a batch, between the record of an element and the next one', at: 'batch' },
  'after-slices': { what: 'the list of a map is in slices, its run does not know', at: 'maps' },
  'before-list': { what: 'all elements of a map are recorded, their list is not', at: 'maps' },
  'in-child-run': { what: 'a body is running in a child run, and its run continues as new', at: 'slow' },
  'in-iteration': {
    what: 'a body is running in the second iteration of a loop',
    at: 'none',
    stage: 'nested',
  },
  'in-line': {
    what: 'a knot has asked for a place of its limit in vain',
    at: 'none',
    stage: 'limited',
    needsSlots: true,
  },
  'extension-recorded': {
    what: 'the record of a body that extends its run is inserted, the server does not know',
    at: 'none',
    stage: 'extended',
  },
  'extension-accepted': {
    what: 'an extension is accepted, the plan with it is not saved',
    at: 'none',
    stage: 'extended',
  },
  'extension-made': {
    what: 'the run is on record with the extended plan, and does not know',
    at: 'none',
    stage: 'extended',
  },
  'before-lease': { what: 'a value was looked for in vain, its lease is not taken', at: 'shared' },
  'after-lease': { what: 'the lease of a value is taken, its body has not begun', at: 'shared' },
  'shared-in-body': { what: 'a body is running whose value others wait for', at: 'shared' },
  'before-reuse': { what: 'a value is found, and not recorded as reused', at: 'none', stage: 'reused' },
  'in-delivery': { what: 'an emitter has taken half of a batch', at: 'none', isStray: true },
  'after-delivery': {
    what: 'an emitter has taken a batch, its cursor is not saved',
    at: 'none',
    isStray: true,
  },
  'after-cursor': {
    what: 'the cursor of an emitter is saved, and its lease is held',
    at: 'none',
    isStray: true,
  },
  'element-claimed': {
    what: 'an element of a stream is in the ledger, its run is not started',
    at: 'element',
  },
  'element-started': { what: 'the run of an element is started, the ledger does not know', at: 'element' },
  'element-delivered': {
    what: 'the result of an element is delivered, the stream does not know',
    at: 'element',
  },
  'before-checkpoint': { what: 'an element is finished, no checkpoint says so', at: 'element' },
  'after-checkpoint': {
    what: 'the server has the checkpoint with an element',
    at: 'element',
    needsMore: true,
  },
  'stream-worker': { what: "the worker that has answered the stream's workflow last", at: 'element' },
  'frozen-reader': {
    what: 'two processes read a stream, as the one given up wakes',
    at: 'element',
    needsTwo: true,
  },
  'two-workers': {
    what: 'two workers at once, each in a body',
    at: 'pair',
    needsTwo: true,
  },
  'frozen-first': {
    what: 'two attempts alive at once; the one given up commits first',
    at: 'queue',
    needsTwo: true,
    needsOutcome: true,
  },
  'frozen-last': {
    what: 'two attempts alive at once; the one given up commits last',
    at: 'queue',
    needsTwo: true,
    needsOutcome: true,
  },
  'client-before-start': { what: 'the client has saved the plan and not started the run', at: 'none' },
  'client-waiting': { what: 'the client waits for a running run', at: 'none' },
  server: { what: 'the Temporal server, while a body is running', at: 'queue', isStray: true, weight: 0.4 },
  database: {
    what: 'PostgreSQL, while a body is running',
    at: 'queue',
    isStray: true,
    weight: 0.4,
    only: 'production',
  },
  'thread-exits': { what: 'the thread that a body is running in exits', at: 'hosted', host: 'threads' },
  'thread-out-of-memory': {
    what: 'the thread that a body is running in has no memory left',
    at: 'hosted',
    host: 'threads',
  },
  'python-process': { what: 'the process of Python that a body is running in', at: 'hosted', host: 'python' },
  'dask-worker': { what: 'the Dask worker that a body is running in', at: 'hosted', host: 'dask' },
  'ray-worker': { what: 'the Ray worker that a body is running in', at: 'hosted', host: 'ray' },
  'celery-worker': {
    what: 'the process of a Celery worker that a body is running in',
    at: 'hosted',
    host: 'celery',
  },
  'random-worker': { what: 'a worker at a random moment', at: 'none', isStray: true },
  'random-client': { what: 'the client at a random moment', at: 'none' },
} as const satisfies Record<string, PointRules>;

export type Point = keyof typeof POINTS;

export const POINT_NAMES = Object.keys(POINTS) as Point[];

export function rulesOf(point: Point): PointRules {
  return POINTS[point];
}
