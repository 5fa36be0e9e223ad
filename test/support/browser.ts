import { readFileSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';
import { InstalledProgram } from './installed-program';

const chromiumProgram = new InstalledProgram(['program.js', 'chromium']);

export const describeInBrowser = (): typeof describe | typeof describe.skip => chromiumProgram.describe();

/** A headless Chromium. Whoever opens it closes it. */
export async function openBrowser(): Promise<Browser> {
  // Tests run as root, whom the sandbox of Chromium does not take.
  return await chromium.launch({ executablePath: chromiumProgram.path, args: ['--no-sandbox'] });
}

/** Each rule of axe that is broken, and where. */
export async function violations(tab: Page): Promise<string[]> {
  // In a world of its own: the page lets no other script run.
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
