import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import type { Backends } from '../../src/ports';
import { freshFolder } from '../backends/places';

const built = createRequire(__filename);
const pageServer = built('../../lib/explorer/page-server') as typeof import('../../src/explorer/page-server');

export const { ServerReach } = pageServer;

/** Chromium, and the address of a page over these backends, served by this process. */
export async function browsed<T>(
  backends: Backends,
  reach: InstanceType<typeof ServerReach>,
  work: (browser: Browser, url: string) => Promise<T>,
): Promise<T> {
  const { url: projectDir, drop } = await freshFolder((made) => made);
  const served = await pageServer.servePage({
    backends,
    reach,
    projectDir,
    project: 'bench',
    tapestries: [],
    triggers: [],
    port: 0,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox'] });
  try {
    return await work(browser, served.url);
  } finally {
    await browser.close();
    await served.close();
    await drop();
  }
}

export interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** What the browser traced during some work. */
export async function traced(page: Page, work: () => Promise<void>): Promise<TraceEvent[]> {
  const session = await page.context().newCDPSession(page);
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', 'devtools.timeline', '__metadata'] },
  });
  await work();
  const complete = new Promise<void>((resolve) => {
    session.once('Tracing.tracingComplete', () => resolve());
  });
  await session.send('Tracing.end');
  await complete;
  return events;
}

function chromiumPath(): string {
  const program = path.join(__dirname, '..', '..', 'scripts', 'services', 'program.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'chromium'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}
