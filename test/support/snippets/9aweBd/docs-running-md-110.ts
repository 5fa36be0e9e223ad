import { Selvage } from 'selvage/client';

export async function stuck(runId: string): Promise<string[]> {
  const selvage = await Selvage.connect({ address: 'temporal.internal:7233' });
  try {
    const { waiting } = await selvage.getRun(runId).status();
    return (waiting?.knots ?? [])
      .filter(({ state }) => state === 'retrying' || state === 'queued')
      .map(({ knotId, reason }) => `${knotId}: ${reason.code}, ${reason.message}`);
  } finally {
    await selvage.close();
  }
}
