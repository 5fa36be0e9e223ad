/** Program: serves one trigger, and dies at the points that blows are for, until it is told to stop or its parent goes. */
import { Selvage } from '../../../src/client';
import type { Backends, StartLedger } from '../../../src/ports';
import { serve } from '../../../src/serve';
import { openProjectBackends } from '../../support/project-backends';
import { withMethods } from '../../support/with-methods';
import { strike, type Blows, type TriggerPoint } from './points';
import { IN_INSTANCE, type SourceOrders } from './sources';
import { keeping } from './tapestry';

export interface InstanceOrders {
  /** Address of the Temporal server. */
  readonly address: string;
  readonly taskQueue: string;
  /** Folder of the backends. */
  readonly folder: string;
  /** Name of the tapestry. */
  readonly name: string;
  readonly source: SourceOrders;
  readonly blows: Blows;
}

async function run(orders: InstanceOrders): Promise<void> {
  // Without `quietRuntime`: there is no worker, and the SDK's runtime would take the SIGTERM that comes before there is a handler for it.
  const hit = (point: TriggerPoint): void => strike(point, orders.blows);
  const { trigger, afterAcknowledging } = IN_INSTANCE[orders.source.kind];
  await afterAcknowledging(() => hit('after-commit'));
  const selvage = await Selvage.connect({
    address: orders.address,
    taskQueue: orders.taskQueue,
    backends: withBlows(await openProjectBackends(orders.folder), hit),
  });
  const serving = await serve({
    triggers: [trigger(keeping(orders.name), orders.source)],
    selvage,
    worker: false,
  });
  process.once('SIGTERM', () => {
    serving
      .stop()
      .then(() => selvage.close())
      .then(() => process.exit(0), fail);
  });
  await serving.ended;
}

function withBlows(backends: Backends, hit: (point: TriggerPoint) => void): Backends {
  const startLedger = withMethods<StartLedger>(backends.startLedger, {
    async claim(claims) {
      const results = await backends.startLedger.claim(claims);
      if (results.some(({ inserted }) => inserted)) hit('after-ledger-insert');
      return results;
    },
    async markStarted(keys) {
      hit('after-start');
      await backends.startLedger.markStarted(keys);
      hit('before-commit');
    },
  });
  return { ...backends, startLedger };
}

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}

// A test that ends early must not leave its instances behind.
process.on('disconnect', () => process.exit());
run(JSON.parse(process.argv[2]!) as InstanceOrders).catch(fail);
