import { readFileSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';
import { InstalledProgram } from './installed-program';

const chromiumProgram = new InstalledProgram(['program.js', 'chromium']);

export const describeInBrowser = (): typeof describe | typeof describe.skip => chromiumProgram.describe();

/** A headless Chromium, which the caller must close. */
export async function openBrowser(): Promise<Browser> {
  // Chromium's sandbox does not work for root, who runs the tests.
  return await chromium.launch({ executablePath: chromiumProgram.path, args: ['--no-sandbox'] });
}

/** The broken rules of axe, with the places. */
export async function violations(tab: Page): Promise<string[]> {
  // In an isolated world, because the page allows no foreign scripts.
  await tab.evaluate(readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
  return await tab.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
      };
    };
    const { violations: found } = await axe.run();
    return found.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    );
  });
}
