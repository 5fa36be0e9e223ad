import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { knot, tapestry, waitForSignal } from 'selvage';
import { Selvage, type WaitingRuns } from 'selvage/client';
import { z } from 'zod';
import { inParallel } from '../../src/values/in-parallel';
import { sampleLineage, sampleRun } from '../../src/testing/sample-records';
import { freshFolder } from '../backends/places';
import { limited, readable, type Benchmark } from '../benchmark';
import { endServer } from '../seeing/page-process';
import { median, timed } from '../statistics';

const RUNS = 10_000;
const LIMIT_MS = 3_000;
const STARTED_AT_ONCE = 40;
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
    const selvage = await Selvage.connect({ projectDir });
    try {
      await fill(selvage);
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

/** Ten thousand runs on the server, half of them with the records that a worker would have made until their wait. */
async function fill(selvage: Selvage): Promise<void> {
  const numbers = Array.from({ length: RUNS / 2 }, (_, x) => x);
  await inParallel(numbers, STARTED_AT_ONCE, async (x) => {
    await selvage.start(approved, { x });
    await selvage.start(unserved, {});
  });
  const listed = await allListed(selvage);
  const { runHistory } = selvage.backends;
  const ids = new Map<string, string>();
  for await (const { workflowId, runId } of selvage.client.workflow.list()) ids.set(workflowId, runId);
  const begun = listed.filter(({ tapestry: name }) => name === 'approved');
  await inParallel(begun, STARTED_AT_ONCE, async ({ runId: run_id, tapestry: name, planHash, startedAt }) => {
    const own = { run_id, temporal_run_id: ids.get(run_id)! };
    const terminals = { approval: 'approval' };
    await runHistory.startRun(
      sampleRun({
        ...own,
        tapestry: name,
        plan_hash: planHash,
        terminals,
        status: 'running',
        started_at: startedAt,
        finished_at: null,
        details: {},
      }),
    );
    await runHistory.commit([sampleLineage({ ...own, knot_id: 'ready', finished_at: Date.now() })]);
  });
}

/** The server lists runs a moment after their start. */
async function allListed(selvage: Selvage): Promise<WaitingRuns['items']> {
  for (;;) {
    const { items: runs } = await selvage.runs.waiting();
    if (runs.length === RUNS) return runs;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

async function command(projectDir: string): Promise<void> {
  const limit = ['--limit', String(RUNS)];
  const args = [COMMAND, 'waiting', '--by', 'reason', ...limit, '--json', '--project-dir', projectDir];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 100_000_000 });
  const { items } = JSON.parse(stdout) as WaitingRuns;
  const there = items.filter(({ reason }) => ['Signal', 'NoWorker'].includes(reason.code)).length;
  if (there !== RUNS) throw new Error(`It knows of ${there} runs why they wait.`);
}
