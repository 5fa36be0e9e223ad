import { Selvage } from 'selvage/client';

export async function goOnFrom(runId: string): Promise<string> {
  const selvage = await Selvage.connect({ address: 'temporal.internal:7233' });
  try {
    // All that is not Ok runs; and `load`, which was, with all that is below it.
    const run = await selvage.resume(runId, { from: ['load'] });
    await run.values();
    return run.runId;
  } finally {
    await selvage.close();
  }
}
