import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Selvage } from 'selvage/client';
import { EmbeddedServer } from 'selvage/server';
import { everyItem } from '../../src/ports/parts/every-item';
import { inParallel } from '../../src/values/in-parallel';
import { limited, readable, type Benchmark, type Row } from '../benchmark';
import { median, timed } from '../statistics';
import { approval, month, taskQueue } from './waiting.fixture';
import { FixtureWorker } from './workers';

const RUNS = 10_000;
const STARTED_AT_ONCE = 50;
const SIGNALLED = 1_000;
const PAGE_OF_RUNS = 50;
const PAGE_LIMIT_MS = 300;
const WAITING_LIMIT_MS = 2_000;
const SIGNAL_LIMIT_MS = 30_000;
const RESTART_LIMIT_MS = 60_000;
const LOOKED_AGAIN_AFTER_MS = 10_000;

/** Runs that a real worker has brought to their waits: half of them for a signal, half for a month. */
export const waitingRuns: Benchmark = {
  name: 'walls: waiting runs',
  async run({ repetitions }) {
    const folder = await mkdtemp(path.join(tmpdir(), 'selvage-bench-waiting-'));
    let server = await EmbeddedServer.acquire({ projectDir: folder });
    let worker = await FixtureWorker.start(server.address, folder, 'waiting');
    let selvage = await Selvage.connect({ address: server.address, projectDir: folder, taskQueue });
    try {
      const filled = await timed(() => fill(selvage));
      const pages: number[] = [];
      const waiting: number[] = [];
      const listed: number[] = [];
      for (let repetition = 0; repetition <= repetitions; repetition++) {
        pages.push(await timed(() => selvage.runs.list({ limit: PAGE_OF_RUNS })));
        waiting.push(await timed(() => requireWaiting(selvage)));
        listed.push(await timed(() => listOnServer(selvage)));
      }
      const approvals = await approvalsThatWait(selvage, 2 * SIGNALLED);
      const signalled = await timed(() => signal(selvage, approvals.slice(0, SIGNALLED)));
      await selvage.close();
      await worker.kill();
      await server.release({ wait: true });
      const back = await timed(async () => {
        server = await EmbeddedServer.acquire({ projectDir: folder });
        worker = await FixtureWorker.start(server.address, folder, 'waiting');
        selvage = await Selvage.connect({ address: server.address, projectDir: folder, taskQueue });
        await signal(selvage, approvals.slice(SIGNALLED));
      });
      return rows({
        filled,
        pages: pages.slice(1),
        waiting: waiting.slice(1),
        listed: listed.slice(1),
        signalled,
        back,
      });
    } finally {
      await selvage.close();
      await worker.kill();
      await server.release({ wait: true });
      await rm(folder, { recursive: true, force: true });
    }
  },
};

interface Measured {
  readonly filled: number;
  readonly pages: readonly number[];
  readonly waiting: readonly number[];
  readonly listed: readonly number[];
  readonly signalled: number;
  readonly back: number;
}

function rows({ filled, pages, waiting, listed, signalled, back }: Measured): Row[] {
  const of = `${RUNS.toLocaleString('en')} waiting runs`;
  return [
    {
      measure: `walls: ${of}, from the first start to the last wait`,
      measured: `${readable(filled / 1_000)} s`,
      numbers: { filled },
    },
    limited(`walls: a page of runs, ${of}`, median(pages), PAGE_LIMIT_MS, 'ms', { pages }),
    limited(`walls: runs.waiting(), ${of}`, median(waiting), WAITING_LIMIT_MS, 'ms', { waiting }),
    {
      measure: `walls: the server's own listing of ${of}`,
      measured: `${readable(median(listed))} ms`,
      numbers: { listed },
    },
    limited(`walls: bulk signal of ${SIGNALLED} of ${of}`, signalled, SIGNAL_LIMIT_MS, 'ms', { signalled }),
    limited(
      `walls: server stopped and worker killed, both started, and ${SIGNALLED} of ${of} signalled`,
      back,
      RESTART_LIMIT_MS,
      'ms',
      { back },
    ),
  ];
}

async function fill(selvage: Selvage): Promise<void> {
  const numbers = Array.from({ length: RUNS / 2 }, (_, x) => x);
  await inParallel(numbers, STARTED_AT_ONCE, async (x) => {
    await selvage.start(approval, { x });
    await selvage.start(month, { x });
  });
  while ((await waitingNow(selvage)) < RUNS) await delay(LOOKED_AGAIN_AFTER_MS);
}

/** How many runs wait for what they are to wait for. */
async function waitingNow(selvage: Selvage): Promise<number> {
  const { items: runs } = await selvage.runs.waiting();
  return runs.filter(({ reason }) => reason.code === 'Signal' || reason.code === 'Time').length;
}

async function requireWaiting(selvage: Selvage): Promise<void> {
  const found = await waitingNow(selvage);
  if (found !== RUNS) throw new Error(`It knows of ${found} runs why they wait.`);
}

/** What `runs.waiting()` cannot do without. */
async function listOnServer({ client }: Selvage): Promise<void> {
  let count = 0;
  for await (const _ of client.workflow.list({ query: "ExecutionStatus = 'Running'" })) count += 1;
  if (count < RUNS) throw new Error(`The server lists ${count} runs.`);
}

/** Ids of some runs that wait for a signal. */
async function approvalsThatWait(selvage: Selvage, count: number): Promise<string[]> {
  const runs = everyItem((page) => selvage.runs.list({ tapestry: 'approval', status: 'running', ...page }));
  const found: string[] = [];
  for await (const { run_id: id } of runs) if (found.push(id) === count) break;
  return found;
}

async function signal(selvage: Selvage, runs: string[]): Promise<void> {
  const plan = await selvage.bulk.plan({ kind: 'signal', name: 'approve', payload: null }, { runs });
  const { done, failed } = await selvage.bulk.carryOut(plan);
  if (done !== SIGNALLED) throw new Error(`${done} runs took the signal: ${JSON.stringify(failed[0])}`);
}
