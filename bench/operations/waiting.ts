import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { knot, tapestry, waitForSignal } from 'selvage';
import { Selvage, type WaitingRuns } from 'selvage/client';
import { z } from 'zod';
import { inParallel } from '../../src/ports/parts/in-parallel';
import { freshFolder } from '../backends/places';
import { limited, readable, type Benchmark } from '../benchmark';
import { endServer } from '../seeing/page-process';
import { median, timed } from '../statistics';

const RUNS = 10_000;
const LIMIT_MS = 3_000;
const STARTED_AT_ONCE = 40;
const LOOK_EVERY_MS = 5_000;
const COMMAND = path.join(__dirname, '..', '..', 'lib', 'cli', 'main.js');

const prepare = knot('prepare', ({ x }: { x: number }) => x);
const approved = tapestry('approved', { parameters: { x: z.number() } }, (_t, { x }) => ({
  approval: waitForSignal('approve', z.null(), { id: 'approval', after: [prepare({ x }, { id: 'ready' })] }),
}));
const unserved = tapestry('unserved', () => ({ end: prepare({ x: 1 }, { id: 'end' }) }));

/** Half of the runs wait for a signal, half for a worker. */
export const waiting: Benchmark = {
  name: 'operations: waiting runs',
  async run({ repetitions }) {
    const { url: projectDir, drop } = await freshFolder((made) => made);
    const selvage = await Selvage.open({ tapestries: [approved], projectDir });
    try {
      const numbers = Array.from({ length: RUNS / 2 }, (_, x) => x);
      await inParallel(numbers, STARTED_AT_ONCE, async (x) => {
        await selvage.start(approved, { x });
        await selvage.start(unserved, {});
      });
      await allWait(selvage);
      const inProcess: number[] = [];
      const commands: number[] = [];
      for (let repetition = 0; repetition < repetitions; repetition++) {
        inProcess.push(await timed(() => selvage.runs.waiting()));
        commands.push(await timed(() => command(projectDir)));
      }
      return [
        limited(
          `operations: selvage waiting, ${RUNS.toLocaleString('en')} unfinished runs`,
          median(commands),
          LIMIT_MS,
          'ms',
          { commands, inProcess },
          `runs.waiting() alone ${readable(median(inProcess))} ms`,
        ),
      ];
    } finally {
      await selvage.close();
      await endServer(projectDir);
      await drop();
    }
  },
};

/** Until each run that has a worker is where it waits. */
async function allWait(selvage: Selvage): Promise<void> {
  for (;;) {
    // Asks little, for the worker has enough to do.
    const { runs } = await selvage.runs.waiting({ tapestry: 'approved', within: LOOK_EVERY_MS });
    if (runs.filter(({ reason }) => reason.code === 'Signal').length === RUNS / 2) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

async function command(projectDir: string): Promise<void> {
  const args = [COMMAND, 'waiting', '--by', 'reason', '--json', '--project-dir', projectDir];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 100_000_000 });
  const { runs } = JSON.parse(stdout) as WaitingRuns;
  if (runs.length !== RUNS) throw new Error(`It lists ${runs.length} runs.`);
}
