import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { knot, map, runLocally, tapestry } from 'selvage';
import { createInMemoryBackends } from 'selvage/backends';
import type { Backends } from '../../src/ports';
import { sampleRun } from '../../src/testing/sample-records';
import { limited, type Benchmark, type Row } from '../benchmark';
import { median } from '../statistics';
import { browsed, traced, type TraceEvent } from './browsed';
import { begin, layered, StandIn, tell, type LiveRun } from './live-run';

const KNOTS = 3_000;
const ELEMENTS = 20_000;
const RUNS = 20_000;
const EVENTS_A_SECOND = 50;
const TELL_MS = 4_000;
const TASK_MS = 50;
const LIST_MS = 300;

const numbers = knot('numbers', () => Array.from({ length: ELEMENTS }, (_, index) => index));
const wide = tapestry('wide', () => ({
  doubled: map(
    { over: numbers({}, { id: 'numbers' }), each: ({ element }) => element * 2 },
    { id: 'doubled' },
  ),
}));

/**
 * The longest task of the page's main thread: while it runs, the page reacts to nothing. In processor time, since this process, which
 * serves the page, shares the machine with the browser.
 */
export const pageTasks: Benchmark = {
  name: 'seeing: tasks of the page',
  async run({ repetitions }) {
    const backends = createInMemoryBackends();
    const { runId } = await runLocally(layered(KNOTS), {}, { backends });
    const { runId: ofMap } = await runLocally(wide, {}, { backends });
    for (let index = 0; index < RUNS; index++) await backends.runHistory.startRun(oneOfMany(index));
    let live: LiveRun | undefined;
    const reach = new StandIn(() => live);
    return await browsed(backends, reach, async (browser, url) => {
      const lists: number[] = [];
      const tasks: Record<string, number[]> = {};
      for (let repetition = -1; repetition < repetitions; repetition++) {
        live = await begin(backends, runId, `live-${repetition + 1}`);
        const liveRun = live;
        const scenes: Record<string, (page: Page) => Promise<void>> = {
          [`a run of ${shown(KNOTS)} knots, ${EVENTS_A_SECOND} events a second`]: (page) =>
            openAndTell(page, `${url}runs/${liveRun.record.run_id}`, backends, liveRun),
          [`a map of ${shown(ELEMENTS)} elements`]: (page) =>
            openMap(page, `${url}runs/${ofMap}?knot=doubled`),
          [`a list of ${shown(RUNS)} runs`]: async (page) => void lists.push(await openList(page, url)),
        };
        for (const [name, scene] of Object.entries(scenes)) {
          const longest = await longestTask(browser, url, scene);
          if (repetition >= 0) (tasks[name] ??= []).push(longest);
        }
      }
      lists.shift();
      return [
        ...Object.entries(tasks).map(([name, times]): Row => {
          const measure = `seeing: the longest task of ${name}`;
          return limited(measure, median(times), TASK_MS, 'ms', { times });
        }),
        limited(
          `seeing: from a click until the list of ${shown(RUNS)} runs is drawn`,
          median(lists),
          LIST_MS,
          'ms',
          {
            lists,
          },
        ),
      ];
    });
  },
};

const shown = (count: number): string => count.toLocaleString('en');

function oneOfMany(index: number) {
  const started_at = 1_700_000_000_000 + index * 60_000;
  return sampleRun({
    run_id: `one-${index}`,
    temporal_run_id: `temporal-${index}`,
    status: index % 10 === 0 ? 'failed' : 'succeeded',
    started_at,
    finished_at: started_at + 500,
  });
}

async function openAndTell(page: Page, url: string, backends: Backends, { rest }: LiveRun): Promise<void> {
  await page.goto(url);
  await page.waitForFunction(() => performance.getEntriesByName('selvage: graph drawn').length > 0);
  let isOver = false;
  const telling = tell(backends, rest, EVENTS_A_SECOND, () => isOver);
  await delay(TELL_MS);
  isOver = true;
  await telling;
  const ended = shown(KNOTS - rest.length);
  await page.getByRole('button', { name: `${ended} ok` }).waitFor();
}

async function openMap(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.getByText(shown(ELEMENTS)).first().waitFor();
  await delay(500);
}

/** Milliseconds from the click on _Runs_ until the newest run is there. */
async function openList(page: Page, url: string): Promise<number> {
  await page.goto(`${url}workers`);
  const link = page.getByRole('link', { name: 'Runs', exact: true });
  await link.waitFor();
  await delay(500);
  // By the page's own clock: an answer from another process would add its way.
  const drawn = page.evaluate<number>(`new Promise((resolve) => {
    let begun;
    addEventListener('click', () => { begun = performance.now(); }, { capture: true, once: true });
    const look = () =>
      document.body.textContent.includes('one-${RUNS - 1}')
        ? resolve(performance.now() - begun)
        : requestAnimationFrame(look);
    look();
  })`);
  await link.click();
  return await drawn;
}

async function longestTask(
  browser: Browser,
  url: string,
  scene: (page: Page) => Promise<void>,
): Promise<number> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const events = await traced(page, async () => await scene(page));
  await page.close();
  return Math.max(...tasksOf(url, events));
}

/** The processor's milliseconds for each task of the thread that runs the page's scripts, and not of another page of the browser. */
function tasksOf(url: string, events: readonly TraceEvent[]): number[] {
  const placeOf = ({ pid, tid }: TraceEvent): string => `${pid}:${tid}`;
  const scripts = events.filter(
    ({ name, args }) => name === 'FunctionCall' && JSON.stringify(args).includes(url),
  );
  const ours = new Set(scripts.map((event) => placeOf(event)));
  const tasks = events.filter(
    (event) => event.ph === 'X' && event.name.endsWith('RunTask') && ours.has(placeOf(event)),
  );
  if (tasks.length < 30) throw new Error(`Only ${tasks.length} tasks were traced.`);
  return tasks.map(({ tdur = 0 }) => tdur / 1_000);
}
