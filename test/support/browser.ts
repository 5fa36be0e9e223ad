import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { chromium, type Browser, type Page } from 'playwright-core';

const PROGRAM = path.resolve(__dirname, '../../scripts/services/chromium.js');
const UNAVAILABLE = 4;
/** An installation fetches 124 MB. */
const LIMIT_MS = 600_000;

let found: { readonly executable: string } | { readonly missing: string } | undefined;

function find(): NonNullable<typeof found> {
  if (found) return found;
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM], {
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  if (status === 0) return (found = { executable: stdout.trim() });
  if (status === UNAVAILABLE) return (found = { missing: stderr.trim() });
  throw new Error(`The search for Chromium failed (${status}): ${stderr}`);
}

/** `describe` where there is a Chromium, else skipped with the reason; on CI it must be there. */
export function describeInBrowser(): typeof describe | typeof describe.skip {
  const chromium = find();
  if ('executable' in chromium) return describe;
  if (process.env['CI'] === 'true') throw new Error(chromium.missing);
  const file = path.relative(process.cwd(), expect.getState().testPath ?? '');
  process.stderr.write(`SKIPPED: tests of ${file}: ${chromium.missing}\n`);
  return describe.skip;
}

/** A headless Chromium. Whoever opens it closes it. */
export async function openBrowser(): Promise<Browser> {
  const chosen = find();
  if ('missing' in chosen) throw new Error(chosen.missing);
  // Tests run as root, whom the sandbox of Chromium does not take.
  return await chromium.launch({ executablePath: chosen.executable, args: ['--no-sandbox'] });
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
