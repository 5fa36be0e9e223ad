import { Selvage } from 'selvage/client';
import { replayRun } from 'selvage/worker';

export async function canGoOnWith(runId: string): Promise<boolean> {
  const selvage = await Selvage.connect({ address: 'temporal.internal:7233' });
  try {
    for await (const { verdict } of replayRun(selvage.client, runId)) {
      if (verdict === 'differs' || verdict === 'too-new') return false;
    }
    return true;
  } finally {
    await selvage.close();
  }
}
