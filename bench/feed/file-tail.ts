import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { knot, stream, tapestry, FileTailSource } from 'selvage';
import { z } from 'zod';
import { openFileTail } from '../../src/adapters/files/tail';
import { Pump } from '../../src/serve/streams/pump';
import { atLeast, type Benchmark } from '../benchmark';

const LINES = 1_000_000;
const PER_LIST = 1_000;
const LEAST = 50_000;
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const count = knot('count-lines', ({ lines }: { lines: string[] }) => lines.length);
const counted = tapestry('count-lines', (t) => ({
  lines: count({ lines: t.parameter('lines', z.array(z.string())) }, { id: 'count' }),
}));

/** A file of a million lines, read into lists and checkpointed; nothing is started. */
export const fileTail: Benchmark = {
  name: 'feed: file tail',
  async run() {
    const folder = await mkdtemp(path.join(tmpdir(), 'selvage-bench-'));
    try {
      const file = path.join(folder, 'app.log');
      for (let first = 0; first < LINES; first += PER_LIST) {
        const lines = Array.from(
          { length: PER_LIST },
          (_, index) => `2026-01-01T00:00:00Z info request ${first + index} of a client, answered`,
        );
        await appendFile(file, `${lines.join('\n')}\n`);
      }
      const source = new FileTailSource({ path: file });
      let done = 0;
      let checkpoints = 0;
      const before = process.memoryUsage().rss;
      const since = performance.now();
      const pump: Pump = new Pump({
        declaration: stream(source, counted, { id: 'lines', parameter: 'lines', gather: PER_LIST }),
        source: openFileTail(source.options),
        checkpoint: { number: 0, partitions: {}, counts: { ok: 0, dead: 0 } },
        logger: silent,
        save: async () => {},
        runs: {
          lastsOfClaims: async () => new Set<string>(),
          refusalOf: async () => undefined,
          claim: async (units) =>
            units.map(({ elements }) => ({ inserted: true, elements: elements.length })),
          async run({ elements }) {
            done += elements.length;
            checkpoints += pump.checkpoint().number > 0 ? 1 : 0;
            if (done === LINES) pump.stop();
            const [element] = elements;
            return [{ element: element!, result: { runId: 'none', values: {} } }];
          },
        },
      });
      await pump.run();
      const seconds = (performance.now() - since) / 1_000;
      const megabytes = (process.memoryUsage().rss - before) / 1e6;
      return [
        atLeast(
          `feed: file tail alone, ${LINES} lines into lists of ${PER_LIST}`,
          done / seconds,
          LEAST,
          'lines/s',
          { seconds, checkpoints, megabytes },
          `${Math.round(megabytes)} MB more memory`,
        ),
      ];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
