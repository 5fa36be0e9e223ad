import { z } from 'zod';
import { knot, tapestry, waitForSignal } from '../../../src';
import { openBackends } from '../../../src/backends';
import { runCommandLine } from '../../../src/cli/command-line';
import { readFile } from '../../support/doc-snippets';
import { closeAll, onClose, openSelvage, temporaryFolder } from '../../support/open-selvage';
import { sharedServerAddress } from '../../support/temporal-server';
import { until } from '../../support/until';
import { recordedOutput } from '../../unit/cli/output-streams';

afterEach(closeAll);

/** A command that a page shows, and the lines that it shows of its output. */
interface Shown {
  readonly words: readonly string[];
  readonly lines: readonly string[];
}

function commandsOf(page: string): Shown[] {
  const blocks = [...readFile(page).matchAll(/^```console\n([\s\S]*?)^```/gm)].map(([, block]) => block!);
  return blocks.flatMap((block) =>
    block
      .split('$ npx selvage ')
      .slice(1)
      .map((text) => {
        const [line = '', ...lines] = text.trimEnd().split('\n');
        const words = [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
          ([, one, two, three]) => one ?? two ?? three!,
        );
        return { words, lines };
      }),
  );
}

const isBroken = { now: true };
const load = knot('load', { retry: { maximumAttempts: 1 } }, () => {
  if (isBroken.now) throw new Error('The database is away.');
  return 1;
});
const nightly = tapestry('nightly', () => ({ loaded: load({}, { id: 'load' }) }));
const monthly = tapestry('monthly', () => ({
  approval: waitForSignal('approve', z.object({ by: z.string() }), { id: 'approval' }),
}));

async function project(): Promise<(words: readonly string[]) => Promise<{ code: number; text: string }>> {
  const projectDir = await temporaryFolder();
  const backends = await openBackends({ projectDir });
  onClose(() => backends.close());
  const selvage = await openSelvage({ tapestries: [nightly, monthly], backends, projectDir });
  isBroken.now = true;
  for (let index = 0; index < 2; index++) await (await selvage.start(nightly, {})).result();
  isBroken.now = false;
  for (const tags of [['regular'], ['trial']]) await selvage.start(monthly, {}, { tags });
  await until('both wait', async () => (await selvage.runs.waiting()).items.length === 2);
  return async (words) => {
    const { output, stdout, stderr } = recordedOutput();
    const server = words[1] === 'list' ? [] : ['--address', sharedServerAddress()];
    const place = ['--project-dir', projectDir, ...server];
    const code = await runCommandLine([...words, ...place], output);
    return { code, text: stdout.text + stderr.text };
  };
}

/** Headings and counts, which do not depend on the project. */
const isFixed = (line: string): boolean => /^[A-Z]+( +[A-Z]+)+$/.test(line) || /^\d+ of \d+ runs/.test(line);
const squeezed = (text: string): string => text.replace(/ +/g, ' ');

test.each(['docs/operations/waiting.md', 'docs/operations/bulk.md'])(
  'the commands of %s do as it says',
  async (page) => {
    const run = await project();
    const commands = commandsOf(page);
    expect(commands.length).toBeGreaterThan(4);
    let bulk = '';
    for (const { words, lines } of commands) {
      const { code, text } = await run(words.map((word) => (word.startsWith('bulk-') ? bulk : word)));
      expect({ words, code, text }).toMatchObject({ code: 0 });
      for (const line of lines.filter(isFixed)) expect(squeezed(text)).toContain(squeezed(line));
      if (words.includes('resume')) bulk = /This is (bulk-\w+)/.exec(text)?.[1] ?? bulk;
    }
  },
);

test('what is missing or empty is refused, and nothing is done without a yes', async () => {
  const run = await project();
  for (const words of [
    [],
    ['--run', 'a', '--tapestry', 'nightly'],
    ['--tapestry', ''],
    ['--all', '--tag', ''],
  ])
    expect(await run(['bulk', 'cancel', ...words])).toMatchObject({
      code: 2,
      text: expect.stringContaining('Usage'),
    });
  const refused = await run(['bulk', 'cancel', '--all']);
  expect(refused).toMatchObject({ code: 2, text: expect.stringContaining('Cancel 2 runs? Nobody is here') });
  expect((await run(['bulk', 'list'])).text).toContain('Nothing was done in bulk');
  const failed = await run(['bulk', 'cancel', '--run', 'no-such-run', '--yes']);
  expect(failed.code).toBe(1);
  expect(failed.text).toMatch(/no-such-run +UnknownRun/);
  expect(failed.text).toContain('selvage bulk continue bulk-');
  const nothing = await run(['bulk', 'terminate', '--tapestry', 'unknown', '--yes']);
  expect(nothing).toMatchObject({ code: 0, text: expect.stringContaining('No run fits') });
  const { text } = await run(['waiting', '--by', 'reason', '--json']);
  expect(JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1))).toMatchObject({
    open: 2,
    waiting: 2,
    counts: [{ key: 'Signal approve', count: 2 }],
  });
});
