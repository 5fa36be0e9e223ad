import { fragment, knot } from 'selvage';
import { Selvage } from 'selvage/client';

const summarise = knot('summarise', ({ text }: { text: string }) => text.slice(0, 10));

export async function follow(selvage: Selvage, runId: string): Promise<void> {
  await selvage.offer(
    runId,
    fragment(() => void summarise({ text: 'hello' }, { id: 'greeting' })),
  );
  const { taken, refused } = await selvage.followExtensions(runId, {
    onRefused: ({ number }, error) => console.error(`offer ${number}: ${error.message}`),
  });
  console.log(`${taken.length} taken, ${refused.length} refused`);
}
