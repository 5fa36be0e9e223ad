/** Program: the one worker of a soak, the same process from its start to its end. */
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { openBackends } from 'selvage/backends';
import { createWorker } from 'selvage/worker';
import { answering } from './child';
import { ownFacts } from './process-facts';
import { TAPESTRIES } from './tapestries';

export interface SoakProcessOptions {
  readonly address: string;
  readonly projectDir: string;
}

async function main({ address, projectDir }: SoakProcessOptions): Promise<void> {
  // The failures are meant, and each would be told of.
  const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter } } });
  const backends = await openBackends({ projectDir });
  const worker = await createWorker({ tapestries: [...TAPESTRIES], address, backends });
  const ended = worker.run();
  ended.catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
  // Also when the soak is broken off, which tells nobody.
  process.once('disconnect', () => process.exit());
  answering({
    sample: ownFacts,
    async stop() {
      worker.shutdown();
      await ended;
      await backends.close();
    },
  });
}

main(JSON.parse(process.argv[2]!) as SoakProcessOptions).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
