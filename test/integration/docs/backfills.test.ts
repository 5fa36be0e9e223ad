import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readFile } from '../../support/doc-snippets';
import { makeCommandProject, runCommand } from '../../support/command-line';

const PAGE = readFile('docs/backfills.md');

/** What the page shows of a command: its first line of output. */
function shown(command: string): string {
  const lines = PAGE.split('\n');
  const at = lines.indexOf(`$ npx selvage ${command}`);
  expect(at).toBeGreaterThan(0);
  return lines[at + 1]!;
}

test('the tutorial: a year, one bad day, a change of code, only stale days again', async () => {
  const source = readFileSync(path.join(__dirname, 'backfills/weather.ts'), 'utf8');
  const project = makeCommandProject({ 'weather.ts': source, 'outages.txt': '2024-05-01\n' });
  const run = async (command: string): Promise<{ code: number | null; text: string }> => {
    const { code, stdout, stderr } = await runCommand(project, command.split(' '));
    return { code, text: stdout + stderr };
  };
  const asShown = async (command: string, code = 0): Promise<string> => {
    const ended = await run(command);
    expect(ended).toMatchObject({ code, text: expect.stringContaining(shown(command)) as string });
    return ended.text;
  };

  const first = await asShown('backfill weather.ts --concurrency 16', 1);
  expect(first).toContain(
    '2024-05-01  failed  weather/2024-05-01  knot "hours": Error: no weather of 2024-05-01',
  );
  expect((await run('partitions weather.ts --state failed')).text).toContain('2024-05-01');
  rmSync(path.join(project, 'outages.txt'));
  await asShown('backfill weather.ts --state failed');
  await asShown('backfill weather.ts');

  const change = /^-(.*)\n\+(.*)$/m.exec(PAGE)!;
  expect(source).toContain(change[1]);
  writeFileSync(path.join(project, 'weather.ts'), source.replace(change[1]!, change[2]!));
  expect((await run('partitions weather.ts --state stale')).text).toContain('code of "mean"');
  await asShown('backfill weather.ts --state stale --from 2024-12-01 --dry-run');
  await asShown('backfill weather.ts --state stale --from 2024-12-01');
  await asShown('backfill weather.ts --state stale --order backward');
  // A day of summer time, of which nothing was fetched again.
  const { text } = await run('runs show weather/2024-03-31/2 --json');
  expect(text).toContain('"reused"');
});
