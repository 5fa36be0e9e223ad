import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import { openBackends } from 'selvage/backends';
import { readable, type BenchmarkOptions, type Row } from '../benchmark';
import { compare, median } from '../statistics';
import { pieces } from './pieces';
import { freshFolder } from './places';
import { onServices } from './services';
import { memoryRow } from './stream-memory';

/** 500 MiB of a stream onto the local disk, hashed on their way and flushed, against the same bytes written into a file and flushed. */
export const diskStream = onServices('500 MB through local disk', [
  {
    name: '500 MB through local disk',
    place: () => freshFolder((folder) => folder),
    run: async (folder, options) => {
      const url = `file:${path.join(folder, 'values')}`;
      return [await timeRow(url, path.join(folder, 'bare'), options), await memoryRow('local disk', url)];
    },
  },
]);

async function timeRow(url: string, bare: string, { repetitions }: BenchmarkOptions): Promise<Row> {
  const { dataStore, close } = await openBackends({ environment: {}, url: 'memory:', data: url });
  try {
    const times = await compare(
      repetitions,
      async () => {
        const { hash } = await dataStore.putStream(pieces());
        await dataStore.delete(hash);
      },
      () => writeFlushed(bare),
    );
    const [ours, raw] = [median(times.ours), median(times.raw)];
    return {
      measure: '500 MB through local disk, against a file that is written and flushed',
      measured: `${readable(ours / raw)} x (${readable(ours)} ms, file ${readable(raw)} ms)`,
      numbers: { value: ours / raw, ours: times.ours, raw: times.raw },
    };
  } finally {
    await close();
  }
}

async function writeFlushed(name: string): Promise<void> {
  const file = await open(name, 'w');
  try {
    for await (const piece of pieces()) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
  await rm(name);
}
