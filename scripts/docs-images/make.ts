/** Makes the pictures of the page in docs/images, each in light and dark: `npx tsx scripts/docs-images/make.ts`. Needs Chromium. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { Selvage } from 'selvage/client';
import { servePage, ServerReach } from '../../src/explorer/page-server';
import * as tapestries from './weather-reports';

const FOLDER = path.join(__dirname, '..', '..', 'docs', 'images');
const SIZE = { width: 1_280, height: 760 };
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** What is shown, and what is done there before the picture is taken. */
const SCENES: Readonly<Record<string, readonly [place: string, act?: (page: Page) => Promise<void>]>> = {
  run: ['runs/alps-morning?knot=fetch.radar'],
  timeline: ['runs/alps-morning?view=timeline'],
  grid: ['tapestries/weather-report?view=grid'],
  compare: ['compare/alps-morning/alps-noon'],
  approvals: ['approvals', async (page) => await page.getByText('rhine-noon').click()],
};

async function main(): Promise<void> {
  // The name of the folder is the name of the project.
  const folder = mkdtempSync(path.join(tmpdir(), 'selvage-images-'));
  const projectDir = path.join(folder, 'weather-reports');
  const all = Object.values(tapestries);
  const selvage = await Selvage.open({ tapestries: all, projectDir, logger: silent });
  try {
    await makeRuns(selvage);
    const page = await servePage({
      backends: selvage.backends,
      reach: ServerReach.of(selvage),
      projectDir,
      project: 'weather-reports',
      tapestries: all,
      triggers: [],
      port: 0,
      logger: silent,
    });
    try {
      await takePictures(page.url, page.link);
    } finally {
      await page.close();
    }
  } finally {
    await selvage.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function makeRuns(selvage: Selvage): Promise<void> {
  const { weatherReport, dailyMeans, satelliteImage } = tapestries;
  const start = async (region: string, time: string, others: object = {}) =>
    await selvage.start(
      weatherReport,
      { region, ...others },
      { runId: `${region}-${time}`, tags: [region], trigger: 'ui' },
    );
  for (const day of ['2026-03-01', '2026-03-02']) await (await selvage.start(dailyMeans, { day })).result();
  await (await selvage.start(satelliteImage, { orbit: 4_711 })).result();
  await (await start('rhine', 'morning', { offset: 9 })).result().catch(() => undefined);
  const approved = [
    await start('alps', 'morning'),
    await start('alps', 'noon', { stations: 260, offset: 1 }),
  ];
  const waiting = [
    await start('baltic', 'morning', { offset: -1.5 }),
    await start('rhine', 'noon'),
    await start('rhine', 'evening', { offset: 2 }),
  ];
  for (const run of [...approved, ...waiting])
    while ((await run.status()).run.status === 'running' && !(await isWaiting(run)))
      await new Promise((resolve) => setTimeout(resolve, 200));
  for (const run of approved) {
    await run.signal('approval', { by: 'Ada' });
    await run.result();
  }
}

async function isWaiting(run: Awaited<ReturnType<Selvage['start']>>): Promise<boolean> {
  const records = await run.lineage();
  return records.some(({ knot_id: id }) => id === 'report');
}

async function takePictures(url: string, link: string): Promise<void> {
  const program = path.join(__dirname, '..', 'services', 'program.js');
  const executablePath = execFileSync('node', [program, 'chromium'], { encoding: 'utf8' }).trim();
  // As root, the sandbox of Chromium does not start.
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await browser.newContext({ colorScheme, viewport: SIZE, timezoneId: 'UTC' });
      const page = await context.newPage();
      await page.goto(link, { waitUntil: 'networkidle' });
      for (const [name, [place, act]] of Object.entries(SCENES)) {
        await page.goto(new URL(place, url).href);
        await page.waitForTimeout(1_500);
        await act?.(page);
        await page.mouse.move(SIZE.width / 2, 5);
        await page.waitForTimeout(500);
        await page.screenshot({ path: path.join(FOLDER, `page-${name}-${colorScheme}.png`) });
      }
      await context.close();
    }
  } finally {
    await browser.close();
  }
}

void main();
