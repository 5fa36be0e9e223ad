import { Selvage } from 'selvage/client';

export async function approve(runId: string, by: string): Promise<string | undefined> {
  const selvage = await Selvage.connect();
  const { takenBy } = await selvage.getRun(runId).signal('approve', { by });
  await selvage.close();
  return takenBy;
}
