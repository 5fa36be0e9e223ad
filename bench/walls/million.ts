import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openBackends } from 'selvage/backends';
import { Selvage } from 'selvage/client';
import type { Commit } from 'selvage/ports';
import { EmbeddedServer } from 'selvage/server';
import { hashJson } from '../../src/values';
import { nodeSha256 } from '../../src/node/node-sha256';
import { sampleLineage, sampleRun } from '../../src/testing/sample-records';
import { everyItem } from '../../src/ports/parts/every-item';
import { exactly, limited, readable, type Benchmark, type Row } from '../benchmark';
import { median, timed } from '../statistics';
import { inBatches, inSegments, taskQueue, totalOf } from './million.fixture';
import { FixtureWorker } from './workers';

const ELEMENTS = 1_000_000;
const NAME = 'map of 1,000,000';
const RATIO = 2;
const WORKER_MEGABYTES = 700;
const HEAP_MEGABYTES = 512;
const HISTORY_EVENTS = 4_096;
const MEGABYTE = 1_000_000;
const WORKERS = 4;
const KILLED_EVERY_MS = 5_000;
const COMMITTED_AT_ONCE = 500;

type MillionTapestry = typeof inSegments;

/** A map of a million elements of which one in a hundred fails: undisturbed beside a bare loop, and with workers that are killed. */
export const million: Benchmark = {
  name: 'walls: a million elements',
  async run() {
    const folder = await mkdtemp(path.join(tmpdir(), 'selvage-bench-million-'));
    const server = await EmbeddedServer.acquire({ projectDir: folder });
    const selvage = await Selvage.connect({ address: server.address, projectDir: folder, taskQueue });
    try {
      const bare = { whole: await bareLoop(folder, true), ofRecords: await bareLoop(folder, false) };
      const rows = await undisturbed(selvage, server.address, folder, bare);
      for (const tapestry of [inSegments, inBatches])
        rows.push(...(await disturbed(selvage, server.address, folder, tapestry)));
      return rows;
    } finally {
      await selvage.close();
      await server.release({ wait: true });
      await rm(folder, { recursive: true, force: true });
    }
  },
};

interface BareLoops {
  readonly whole: number;
  /** Values are not stored, so it keeps less than is promised. */
  readonly ofRecords: number;
}

/** Milliseconds of the least that each element takes: its hash, its value, its record, and a commit of many. */
async function bareLoop(folder: string, withValues: boolean): Promise<number> {
  const backends = await openBackends({ projectDir: await mkdtemp(path.join(folder, 'bare-')) });
  try {
    const { runHistory } = backends;
    await runHistory.startRun(sampleRun());
    return await timed(async () => {
      for (let first = 0; first < ELEMENTS; first += COMMITTED_AT_ONCE) {
        await backends.commit(
          Array.from({ length: COMMITTED_AT_ONCE }, (_, offset) => bareCommit(first + offset, withValues)),
        );
      }
    });
  } finally {
    await backends.close();
  }
}

function bareCommit(x: number, withValues: boolean): Commit {
  const hash = hashJson(2 * x, nodeSha256);
  const record = sampleLineage({
    knot_id: `mapped[${x}]`,
    parent_input_hashes: { x: hashJson(x, nodeSha256) },
    output_hash: hash,
  });
  return { record, values: withValues ? [{ hash, bytes: Buffer.from(String(2 * x)) }] : [] };
}

async function undisturbed(
  selvage: Selvage,
  address: string,
  folder: string,
  bare: BareLoops,
): Promise<Row[]> {
  const worker = await FixtureWorker.start(address, folder, 'million', HEAP_MEGABYTES);
  try {
    const took = await timed(() => requireTotal(selvage, inSegments));
    const remark = `${(took / 1_000).toFixed(0)} against ${(bare.whole / 1_000).toFixed(0)} s`;
    const peak = (await worker.peakBytes()) / MEGABYTE;
    return [
      limited(`walls: local ${NAME} / a bare loop`, took / bare.whole, RATIO, 'x', { took, ...bare }, remark),
      {
        measure: `walls: local ${NAME} / a bare loop that stores no values`,
        measured: `${readable(took / bare.ofRecords)} x (${(bare.ofRecords / 1_000).toFixed(0)} s)`,
        numbers: {},
      },
      limited(`walls: local ${NAME}: the worker's memory`, peak, WORKER_MEGABYTES, 'MB', {}),
    ];
  } finally {
    await worker.kill();
  }
}

/** One of four workers is killed every five seconds, and replaced. */
async function disturbed(
  selvage: Selvage,
  address: string,
  folder: string,
  tapestry: MillionTapestry,
): Promise<Row[]> {
  const start = (): Promise<FixtureWorker> => FixtureWorker.start(address, folder, 'million', HEAP_MEGABYTES);
  const workers = await Promise.all(Array.from({ length: WORKERS }, start));
  const peaks: number[] = [];
  const stop = new AbortController();
  const killing = (async () => {
    while (await isLater(KILLED_EVERY_MS, stop.signal)) {
      const victim = workers.shift()!;
      peaks.push(await victim.peakBytes());
      await victim.kill();
      workers.push(await start());
    }
  })();
  const measure = `walls: ${tapestry.name} with workers killed`;
  try {
    let runId = '';
    const took = await timed(async () => (runId = await requireTotal(selvage, tapestry)));
    const killed = peaks.length;
    const records = await recordsOf(selvage, runId);
    const remark = `${(took / 1_000).toFixed(0)} s, ${killed} killed`;
    return [
      exactly(`${measure}: records of elements`, records, ELEMENTS, 'records', { took, killed }, remark),
      limited(`${measure}: events of the run`, await eventsOf(selvage, runId), HISTORY_EVENTS, 'events', {}),
      limited(`${measure}: a worker's memory`, median(peaks) / MEGABYTE, WORKER_MEGABYTES, 'MB', { peaks }),
    ];
  } finally {
    stop.abort();
    await killing;
    await Promise.all(workers.map((worker) => worker.kill()));
  }
}

/** Whether so much time has passed, and not been cut short. */
async function isLater(ms: number, signal: AbortSignal): Promise<boolean> {
  return await delay(ms, true, { signal }).catch(() => false);
}

/** Runs it and requires the right answer; the id of the run. */
async function requireTotal(selvage: Selvage, tapestry: MillionTapestry): Promise<string> {
  const run = await selvage.start(tapestry, { size: ELEMENTS });
  const { total } = await run.values();
  if (total !== totalOf(ELEMENTS))
    throw new Error(`The elements came to ${total}, not ${totalOf(ELEMENTS)}.`);
  return run.runId;
}

/** Number of different elements that have a record. */
async function recordsOf(selvage: Selvage, runId: string): Promise<number> {
  const found = new Set<string>();
  const records = everyItem((page) => selvage.lineage.records({ runId, map: 'mapped', ...page }));
  for await (const { knot_id } of records) found.add(knot_id);
  return found.size;
}

async function eventsOf(selvage: Selvage, runId: string): Promise<number> {
  return (await selvage.client.workflow.getHandle(runId).describe()).historyLength;
}
