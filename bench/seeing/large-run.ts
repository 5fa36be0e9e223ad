import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium, type CDPSession, type Page } from 'playwright-core';
import { knot, runLocally, tapestry, type Knot } from 'selvage';
import { createInMemoryBackends } from 'selvage/backends';
import type { Backends, LineageRecord, RunRecord } from '../../src/ports';
import { freshFolder } from '../backends/places';
import { limited, readable, type Benchmark } from '../benchmark';
import { median } from '../statistics';

const built = createRequire(__filename);
const { servePage, ServerReach } = built(
  '../../lib/explorer/page-server',
) as typeof import('../../src/explorer/page-server');

const KNOTS = 10_000;
const PAINT_MS = 300;
const FRAME_MS = 8;
const MOST_NODES = 400;
const EVENTS_A_SECOND = 200;
const PAN_MS = 6_000;

const step = knot('step', (inputs: Record<string, number>) => Object.values(inputs).length);
/** Layers of 100, in groups of 500. */
const large = tapestry('large', () => {
  const knots: Knot<number>[] = [];
  for (let index = 0; index < KNOTS; index++) {
    const parents = index < 100 ? [] : [index - 100, index - 100 + ((index * 7) % 50)];
    const inputs = [...new Set(parents)].map((of) => [`of${of}`, knots[of]!] as const);
    knots.push(step(Object.fromEntries(inputs), { id: `part-${Math.floor(index / 500)}.step-${index}` }));
  }
  return { last: knots.at(-1)! };
});

interface LiveRun {
  readonly record: RunRecord;
  /** What is still to be told of it. */
  readonly rest: LineageRecord[];
}

/** A run of many knots in the page: Chromium on the page of a server in this process, which tells it of a knot 200 times a second. */
export const largeRun: Benchmark = {
  name: 'seeing: a large run on the page',
  async run({ repetitions }) {
    const executablePath = chromiumPath();
    const backends = createInMemoryBackends();
    const { runId } = await runLocally(large, {}, { backends });
    const { url: projectDir, drop } = await freshFolder((made) => made);
    let live: LiveRun | undefined;
    const served = await servePage({
      backends,
      reach: new StandIn(() => live),
      projectDir,
      project: 'bench',
      tapestries: [],
      triggers: [],
      port: 0,
      logger: { debug() {}, info() {}, warn() {}, error() {} },
    });
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    try {
      const paints: number[] = [];
      const frames: number[] = [];
      for (let repetition = -1; repetition < repetitions; repetition++) {
        live = await begin(backends, runId, `live-${repetition + 1}`);
        const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
        const paint = await firstPaint(page, `${served.url}runs/${live.record.run_id}`);
        const nodes = await page.locator('*').count();
        if (nodes > MOST_NODES) throw new Error(`The page has ${nodes} elements.`);
        const work = await whilePanning(page, backends, live);
        await page.close();
        if (repetition < 0) continue;
        paints.push(paint);
        frames.push(...work);
      }
      frames.sort((a, b) => a - b);
      const at = (share: number): number => frames[Math.floor(frames.length * share)]!;
      const of = `of ${KNOTS.toLocaleString('en')} knots`;
      return [
        limited(`seeing: first paint ${of} after their data`, median(paints), PAINT_MS, 'ms', { paints }),
        limited(
          `seeing: main-thread work of a frame while panning, ${of}, ${EVENTS_A_SECOND} events a second, median`,
          median(frames),
          FRAME_MS,
          'ms',
          { frames },
          `${frames.length} frames`,
        ),
        limited(
          `seeing: main-thread work of a frame while panning, ${of}, ${EVENTS_A_SECOND} events a second, p95`,
          at(0.95),
          FRAME_MS,
          'ms',
          { worst: at(0.999) },
          `p99 ${readable(at(0.99))}`,
        ),
      ];
    } finally {
      await browser.close();
      await served.close();
      await backends.close?.();
      await drop();
    }
  },
};

/** In the place of a server that knows of each knot why it has not ended. */
class StandIn extends ServerReach {
  constructor(private readonly live: () => LiveRun | undefined) {
    super(() => Promise.reject(new Error('There is no server.')));
  }

  override async ask<Answer>(work: (selvage: never) => Promise<Answer>): Promise<Answer | undefined> {
    const live = this.live();
    const status = async (): Promise<unknown> => ({
      run: live?.record,
      waiting: {
        knots: live?.rest.map(({ knot_id }, index) => ({
          knotId: knot_id,
          state: index < 4 ? 'running' : 'blocked',
          reason: {
            code: index < 4 ? 'Running' : 'Parents',
            message: index < 4 ? 'Its body runs.' : 'It waits for 2 parents that have not ended.',
          },
        })),
      },
    });
    try {
      return await work({ getRun: () => ({ status }) } as never);
    } catch {
      // What it has not is what a server that is away does not say.
      return undefined;
    }
  }
}

/** The records of a run again, as those of one that is in its middle. */
async function begin(backends: Backends, of: string, run_id: string): Promise<LiveRun> {
  const history = backends.runHistory;
  const known = (await history.getRun(of))!;
  const temporal_run_id = `${run_id}-temporal`;
  const record: RunRecord = {
    ...known,
    run_id,
    temporal_run_id,
    status: 'running',
    started_at: Date.now(),
    finished_at: null,
  };
  await history.startRun(record);
  const records: LineageRecord[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await history.findLineage({ runId: of, limit: 1_000, ...(cursor && { cursor }) });
    records.push(...page.items.map((item) => ({ ...item, run_id, temporal_run_id })));
    cursor = page.cursor;
    if (cursor === undefined) break;
  }
  const numberOf = ({ knot_id }: LineageRecord): number => Number(/\d+$/.exec(knot_id)![0]);
  records.sort((a, b) => numberOf(a) - numberOf(b));
  await history.commit(records.slice(0, KNOTS / 2));
  return { record, rest: records.slice(KNOTS / 2) };
}

/** Milliseconds from the end of the answer with the run until its graph is drawn. */
async function firstPaint(page: Page, url: string): Promise<number> {
  await page.goto(url);
  await page.waitForFunction(() => performance.getEntriesByName('selvage: graph drawn').length > 0);
  return await page.evaluate(() => {
    const answers = performance.getEntriesByType('resource') as unknown as {
      name: string;
      responseEnd: number;
    }[];
    const answer = answers.find(({ name }) => new URL(name).pathname === '/api/v1/runs/show')!;
    return performance.getEntriesByName('selvage: graph drawn')[0]!.startTime - answer.responseEnd;
  });
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** The processor's milliseconds of the main thread for each frame: everything, not what draws alone. */
async function whilePanning(page: Page, backends: Backends, { rest }: LiveRun): Promise<number[]> {
  const session = await page.context().newCDPSession(page);
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  // Into the graph, where boxes have texts.
  await page.mouse.move(640, 500);
  await page.keyboard.down('Control');
  for (let turn = 0; turn < 4; turn++) await page.mouse.wheel(0, -40);
  await page.keyboard.up('Control');
  await delay(500);
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', 'devtools.timeline', '__metadata'] },
  });
  const end = performance.now() + PAN_MS;
  let isOver = false;
  const telling = tell(backends, rest, () => isOver);
  for (let turn = 0; performance.now() < end; turn++) {
    const sign = Math.floor(turn / 120) % 2 === 0 ? 1 : -1;
    await page.mouse.wheel(9 * sign, 14 * sign);
    await delay(8);
  }
  isOver = true;
  await telling;
  await endTracing(session);
  // All that it was told of is on it.
  const ended = (KNOTS - rest.length).toLocaleString('en');
  await page.getByRole('button', { name: `${ended} ok` }).waitFor();
  return workOfFrames(events);
}

async function tell(backends: Backends, rest: LineageRecord[], isOver: () => boolean): Promise<void> {
  const since = performance.now();
  for (let told = 0; !isOver();) {
    const due = Math.floor(((performance.now() - since) * EVENTS_A_SECOND) / 1_000);
    const records = rest.splice(0, due - told).map((record) => ({ ...record, finished_at: Date.now() }));
    if (records.length > 0) await backends.runHistory.commit(records);
    told = due;
    await delay(5);
  }
}

async function endTracing(session: CDPSession): Promise<void> {
  const complete = new Promise<void>((resolve) => {
    session.once('Tracing.tracingComplete', () => resolve());
  });
  await session.send('Tracing.end');
  await complete;
}

function workOfFrames(events: readonly TraceEvent[]): number[] {
  const animated = events.filter(({ name }) => name === 'FireAnimationFrame');
  const main = mostFrequent(animated.map(({ pid, tid }) => `${pid}:${tid}`));
  const mine = events.filter(({ pid, tid }) => `${pid}:${tid}` === main).sort((a, b) => a.ts - b.ts);
  const frames: number[] = [];
  let work: number | undefined;
  let until = 0;
  let isFrame = false;
  for (const { name, ph, ts, dur = 0, tdur = dur } of mine) {
    // The task that a frame is in is the last of that frame's.
    if (name === 'FireAnimationFrame') isFrame = true;
    if (ph !== 'X' || !name.endsWith('RunTask') || ts < until) continue;
    until = ts + dur;
    if (isFrame && work !== undefined) frames.push(work / 1_000);
    if (isFrame || work === undefined) work = 0;
    isFrame = false;
    work += tdur;
  }
  if (frames.length < 30) throw new Error(`There were ${frames.length} frames only.`);
  return frames;
}

function mostFrequent(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? '';
}

function chromiumPath(): string {
  const program = path.join(__dirname, '..', '..', 'scripts', 'services', 'program.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'chromium'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}
