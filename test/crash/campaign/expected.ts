import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { runLocally } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends';
import { digestOf, type Digest } from './check';
import { GROWN, SENT, WORD, mixedTapestry, plantAll, type Mix, type MixParameters } from './mix';
import { Scene } from './scene';

/** What a run comes to when nothing disturbs it: a run in this process says so. */
export async function expectedOf(mix: Mix, parameters: MixParameters): Promise<Digest> {
  const folder = await mkdtemp(path.join(tmpdir(), 'selvage-crash-expected-'));
  const backends = createInMemoryBackends();
  const isRecorded = async (runId: string, knotId: string): Promise<boolean> =>
    (await backends.runHistory.findLineage({ runId, knotId, limit: 1 })).items.length > 0;
  const scene = new Scene(folder, [], () => {}, isRecorded);
  try {
    const { status, lineage } = await runLocally(
      mixedTapestry(mix, { otherQueue: 'other', due: Date.now(), folder, blows: [], hosts: {} }),
      parameters,
      {
        backends,
        resources: { scene },
        signals: {
          ...(mix.stages.includes('waiting') && { [WORD]: SENT[WORD] }),
          ...(mix.stages.includes('extended') && { [GROWN]: SENT[GROWN] }),
        },
        // No client brings anything here.
        ...(mix.stages.includes('extended') && { replace: { planted: plantAll as never } }),
      },
    );
    return digestOf(status, lineage);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
