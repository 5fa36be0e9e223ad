import { fragment, knot } from 'selvage';
import { Selvage } from 'selvage/client';

const summarise = knot('summarise', ({ text }: { text: string }) => text.slice(0, 10));

export async function addSummary(runId: string): Promise<void> {
  const selvage = await Selvage.connect();
  await selvage.getRun(runId).extend(
    fragment((f) => ({
      summary: summarise({ text: f.ref<string>('page-a') }, { id: 'summary' }),
    })),
  );
  await selvage.close();
}
