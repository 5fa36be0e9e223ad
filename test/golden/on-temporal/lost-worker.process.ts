/** Program: a worker for each scenario, which the calls that it waits for keep at their points until it is killed. */
import { NativeConnection } from '@temporalio/worker';

import { createWorker } from '../../../src/worker';
import { quietRuntime } from '../../support/quiet-runtime';
import { OFTEN_BEATING } from '../../support/run-limits';
import { RECIPES, nameOf, subjectOf } from '../tapestries';
import { rulesOf } from './points';
import type { Scenario } from './scenarios';
import { openStores, openStruckStores, type Strike } from './struck-backends';

export interface Orders {
  readonly address: string;
  readonly codePath: string;
  /** With the folder of its backends. */
  readonly scenarios: readonly (Scenario & { readonly folder: string })[];
  /** Whether it is to be lost. */
  readonly isStruck: boolean;
}

/** What it says: that all of its workers run, or that a scenario is at its point, with the hash of the value of the knot. */
export type Word =
  | { readonly said: 'running' }
  | { readonly said: 'struck'; readonly scenario: string; readonly hash: string | null };

const tell = (word: Word): void => void process.send!(word);
const forEver = new Promise<never>(() => {});

async function work({ address, codePath, scenarios, isStruck }: Orders): Promise<void> {
  quietRuntime();
  const connection = await NativeConnection.connect({ address });
  const created = scenarios.map(async (scenario) => {
    const { folder, stores, placement, recipe, taskQueue, name, point } = scenario;
    const strike: Strike = async (record) => {
      tell({ said: 'struck', scenario: name, hash: record?.output_hash ?? null });
      await forEver;
    };
    const isToBe = isStruck || 'isSurvived' in rulesOf(point);
    const backends = isToBe
      ? await openStruckStores(folder, scenario, strike)
      : await openStores(folder, stores);
    return createWorker({
      tapestries: [subjectOf(RECIPES[recipe]!, nameOf(recipe), placement).tapestry],
      connection,
      taskQueue,
      backends,
      workflowBundle: { codePath },
      ...OFTEN_BEATING,
      defaultHeartbeatThrottleInterval: 1_000,
      stickyQueueScheduleToStartTimeout: 2_000,
      debugMode: true,
      maxCachedWorkflows: 10,
      activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 2 },
      workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 2 },
    });
  });
  // To create one keeps the thread busy: activities of those that ran already would miss their heartbeats.
  for (const worker of await Promise.all(created)) void worker.run();
  tell({ said: 'running' });
}

// A test that ends early must not leave it behind.
process.on('disconnect', () => process.exit());
process.on('message', (orders: Orders) => {
  work(orders).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  });
});
