/** Program: delivers all that comes to nobody, until it is killed or its parent goes. */
import { emitter } from 'selvage';
import { openBackends } from 'selvage/backends';
import { Deliveries } from 'selvage/serve';

async function consume(url: string): Promise<void> {
  const ignore = (): void => {};
  await Deliveries.start({
    backends: await openBackends({ url }),
    emitters: [emitter(`sink-${process.pid}`, async () => {})],
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    projectDir: '.',
  });
  process.send!('running');
}

process.on('disconnect', () => process.exit());
void consume(process.argv[2]!);
