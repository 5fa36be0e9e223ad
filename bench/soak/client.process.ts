/** Program: the one client of a soak, the same process from its start to its end. */
import { Selvage } from 'selvage/client';
import { answering } from './child';
import { Load } from './load';
import { ownFacts } from './process-facts';
import type { SoakProcessOptions } from './worker.process';

async function main(options: SoakProcessOptions): Promise<void> {
  const selvage = await Selvage.connect(options);
  const load = new Load(selvage);
  // Also when the soak is broken off, which tells nobody.
  process.once('disconnect', () => process.exit());
  answering({
    go: () => load.go(),
    rest: () => load.rest(),
    sample: ownFacts,
    async stop() {
      await load.rest();
      await selvage.close();
    },
  });
}

main(JSON.parse(process.argv[2]!) as SoakProcessOptions).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
