import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { runLocally } from 'selvage';
import { createInMemoryBackends } from 'selvage/backends';
import type { Backends } from '../../src/ports';
import { limited, readable, type Benchmark } from '../benchmark';
import { median } from '../statistics';
import { browsed, traced, type TraceEvent } from './browsed';
import { begin, layered, StandIn, tell, type LiveRun } from './live-run';

const KNOTS = 10_000;
const PAINT_MS = 300;
const FRAME_MS = 8;
const MOST_NODES = 400;
const EVENTS_A_SECOND = 200;
const PAN_MS = 6_000;

/** A run of many knots in the page: Chromium on the page of a server in this process, which tells it of a knot 200 times a second. */
export const largeRun: Benchmark = {
  name: 'seeing: a large run on the page',
  async run({ repetitions }) {
    const backends = createInMemoryBackends();
    const { runId } = await runLocally(layered(KNOTS), {}, { backends });
    let live: LiveRun | undefined;
    const reach = new StandIn(() => live);
    return await browsed(backends, reach, async (browser, url) => {
      const paints: number[] = [];
      const frames: number[] = [];
      for (let repetition = -1; repetition < repetitions; repetition++) {
        live = await begin(backends, runId, `live-${repetition + 1}`);
        const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
        const paint = await firstPaint(page, `${url}runs/${live.record.run_id}`);
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
    });
  },
};

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

/** The processor's milliseconds of the main thread for each frame: everything, not what draws alone. */
async function whilePanning(page: Page, backends: Backends, { rest }: LiveRun): Promise<number[]> {
  // Into the graph, where boxes have texts.
  await page.mouse.move(640, 500);
  await page.keyboard.down('Control');
  for (let turn = 0; turn < 4; turn++) await page.mouse.wheel(0, -40);
  await page.keyboard.up('Control');
  await delay(500);
  const events = await traced(page, async () => {
    const end = performance.now() + PAN_MS;
    let isOver = false;
    const telling = tell(backends, rest, EVENTS_A_SECOND, () => isOver);
    for (let turn = 0; performance.now() < end; turn++) {
      const sign = Math.floor(turn / 120) % 2 === 0 ? 1 : -1;
      await page.mouse.wheel(9 * sign, 14 * sign);
      await delay(8);
    }
    isOver = true;
    await telling;
  });
  // All that it was told of is on it.
  const ended = (KNOTS - rest.length).toLocaleString('en');
  await page.getByRole('button', { name: `${ended} ok` }).waitFor();
  return workOfFrames(events);
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
