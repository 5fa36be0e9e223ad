import { createWorker } from 'selvage/worker';
import { sums } from './definitions';

async function main(): Promise<void> {
  const worker = await createWorker({
    address: 'temporal.internal:7233',
    tapestries: [sums],
    resources: { fetchedBy: 'worker' },
  });
  await worker.run();
}

void main();
