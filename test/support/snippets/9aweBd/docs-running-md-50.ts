import { Selvage } from 'selvage/client';
import { sums } from './definitions';

export async function runOnce(): Promise<number> {
  const selvage = await Selvage.connect({ address: 'temporal.internal:7233' });
  try {
    const run = await selvage.start(sums, { text: '1,2,3' }, { runId: 'sums-2026-11', tags: ['monthly'] });
    for await (const { counts, running } of run.progress()) console.log(counts, running);
    return (await run.values()).sum;
  } finally {
    await selvage.close();
  }
}
