import { getHeapStatistics } from 'node:v8';
import type { WorkerOptions } from '@temporalio/worker';
import { tunedWorkerOptions } from './create-worker';

const MEBIBYTE = 1024 * 1024;
/** Heap that the SDK's default for cached workflows leaves for everything else. */
const OTHER_HEAP_MIB = 200;
/** The SDK's default for cached workflows per gibibyte of heap, and its minimum. */
const CACHED_PER_GIB = 600;
const LEAST_CACHED = 10;
/** Smallest cache of workflows: the SDK refuses a smaller one. */
const LEAST_CACHE_OF_A_QUEUE = 2;
/** Least slots of a queue: with fewer, a backfill could not wait for a run of its own queue. */
const LEAST_SLOTS_OF_A_QUEUE = 2;
/** The SDK's default number of slots for a worker, ample for the bodies of many idle queues. */
const PLENTY_OF_SLOTS = 100;

type Budgets = Pick<
  WorkerOptions,
  | 'activityTaskPollerBehavior'
  | 'maxCachedWorkflows'
  | 'maxConcurrentActivityTaskExecutions'
  | 'maxConcurrentWorkflowTaskExecutions'
  | 'workflowTaskPollerBehavior'
>;

/** An idle queue costs the server two or three waiting calls; a busy one gets pollers as needed. */
const SCALED_POLLERS = { type: 'autoscaling', minimum: 1, initial: 1, maximum: 40 } as const;

/**
 * Divides a process's pollers, cached workflows and concurrent knots among its task queues, as the SDK only has
 * limits for a worker, and so for a task queue.
 *
 * @param chosen by the user, for the whole process
 */
export function budgetsOfAQueue(chosen: Omit<WorkerOptions, 'taskQueue'>, queues: number): Budgets {
  if (queues <= 1) return {};
  const cached = Math.max(
    Math.floor((chosen.maxCachedWorkflows ?? defaultCachedWorkflows()) / queues),
    LEAST_CACHE_OF_A_QUEUE,
  );
  const budgets: Budgets = {
    workflowTaskPollerBehavior: chosen.workflowTaskPollerBehavior ?? SCALED_POLLERS,
    activityTaskPollerBehavior: chosen.activityTaskPollerBehavior ?? SCALED_POLLERS,
    ...(chosen.maxCachedWorkflows !== 0 && { maxCachedWorkflows: cached }),
  };
  if (chosen.tuner) return budgets;
  const slots = chosen.maxConcurrentActivityTaskExecutions;
  const { maxConcurrentActivityTaskExecutions, maxConcurrentWorkflowTaskExecutions } = tunedWorkerOptions;
  return {
    ...budgets,
    maxConcurrentActivityTaskExecutions: Math.max(
      Math.floor((slots ?? maxConcurrentActivityTaskExecutions) / queues),
      slots === undefined ? PLENTY_OF_SLOTS : Math.min(slots, LEAST_SLOTS_OF_A_QUEUE),
    ),
    // More concurrent workflow tasks than cached workflows would make the SDK warn.
    ...(budgets.maxCachedWorkflows !== undefined && {
      maxConcurrentWorkflowTaskExecutions: Math.min(
        chosen.maxConcurrentWorkflowTaskExecutions ?? maxConcurrentWorkflowTaskExecutions,
        cached,
      ),
    }),
  };
}

function defaultCachedWorkflows(): number {
  const heap = getHeapStatistics().heap_size_limit / MEBIBYTE;
  return Math.max(Math.floor((Math.max(heap - OTHER_HEAP_MIB, 0) * CACHED_PER_GIB) / 1024), LEAST_CACHED);
}
