/** Program: the one client of a soak, the same process from its start to its end. */
import { Selvage } from 'selvage/client';
import { answering } from './child';
import { Load, type LoadName } from './load';
import { ownFacts } from './process-facts';
import type { SoakProcessOptions } from './worker.process';

interface SoakClientOptions extends SoakProcessOptions {
  readonly load: LoadName;
}

async function main({ load: name, ...options }: SoakClientOptions): Promise<void> {
  const selvage = await Selvage.connect(options);
  const load = new Load(selvage, name);
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

main(JSON.parse(process.argv[2]!) as SoakClientOptions).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
