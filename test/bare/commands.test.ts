import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { removeProjects } from '../integration/server/projects';
import { barePackage, makeBareProject } from '../support/bare-install';
import { beginsCommands, runWarm, type Finished } from '../support/command-line';
import { PAGES, readFile, savedFiles } from '../support/doc-snippets';
import { wholeProgram } from '../support/whole-program';

const PIPELINE = `
import { knot, tapestry } from 'selvage';
import { z } from 'zod';
const count = knot('words', { output: z.number() }, ({ x }: { x: number }) => x + 1);
export const nightly = tapestry(
  'nightly',
  { parameters: { x: { schema: z.number(), default: 1 } } },
  (_t, { x }) => ({ words: count({ x }, { id: 'words' }) }),
);
`;
const REPORT = `
import { knot, tapestry } from 'selvage';
import { z } from 'zod';
const report = knot('report', ({ user }: { user: number }) => 'report of ' + user);
export const reports = tapestry('reports', { parameters: { user: z.number() } }, (_t, { user }) => ({
  report: report({ user }, { id: 'report' }),
}));
`;
/** The module of the recipe that calls Python. */
const [, WORDSTATS = ''] = /^```python\n([\s\S]*?)^```/m.exec(readFile('docs/recipes/call-python.md'))!;

/** Commands of the pages that do not run here, each with the reason. */
const NOT_HERE: readonly [RegExp, string][] = [
  [/^(?:README|docs\/install)\.md npx selvage (?:init|run pipeline)/, 'below, in an empty folder'],
  [
    /^docs\/recipes\/(?:wait-for-a-person|why-a-value-changed|resume-a-failed-run)\.md /,
    'waits, differs or fails on purpose: test/integration/docs/recipes.test.ts',
  ],
  [/^SELVAGE_HISTORY='postgres:|\$STANDBY/, 'needs PostgreSQL'],
  [/--address temporal:/, 'needs a Temporal server elsewhere'],
  [/ --open$/, 'opens a window'],
  [/^docs\/adapters\/(?:postgres|valkey|kafka)\.md /, 'needs a package that is optional, and its server'],
  [/^docs\/backfills\.md |weather\.ts/, 'a year of partitions: test/integration/docs/backfills.test.ts'],
  [
    / (?:serve|worker|dev|ui|stream|python types|history export) | ui$| --parquet /,
    'test/bare/missing-packages.test.ts, or below',
  ],
  [
    /^docs\/operations\/(?:bulk|waiting|upgrade|share)\.md /,
    'several runs, queues and builds: test/integration/docs/operations.test.ts',
  ],
  [
    / (?:watch|signal) |approved-prices|runs show (?:january|monthly)/,
    'waits for somebody: test/integration/examples.test.ts',
  ],
  [
    / (?:diff tuesday wednesday|doctor --after-restore|backup|restore)/,
    'differs, or needs what is not there',
  ],
  [/runs show orders~/, 'needs Kafka'],
  [
    /streams (?:pause|resume|drain|show access-log)/,
    'a stream that goes on: test/integration/cli/stream.test.ts',
  ],
];

interface Shown {
  readonly place: string;
  readonly words: readonly string[];
}

const shown: readonly (Shown & { readonly line: string })[] = PAGES.flatMap((page) =>
  [...readFile(page).matchAll(/^\$ (.*\bselvage .*)$/gm)]
    .filter(([, line]) => /^(?:[A-Z_]+='[^']*' )?(?:npx )?selvage /.test(line!))
    .map(([, line]) => ({
      place: page,
      line: line!,
      words: [
        ...line!
          .replace(/ +#.*$/, '')
          .replace(/^.*?selvage /, '')
          .matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g),
      ].map(([, one, two, three]) => one ?? two ?? three!),
    })),
);
const reasonOf = ({ place, line }: (typeof shown)[number]): string | undefined =>
  NOT_HERE.find(([mark]) => mark.test(`${place} ${line}`) || mark.test(line))?.[1];

const packageDir = barePackage();
const begin = beginsCommands();
let project: string;
const environment = {
  SELVAGE_KEYS: `2026-01:${randomBytes(32).toString('base64')}`,
  SELVAGE_DIGEST_KEYS: `2026-01:${randomBytes(32).toString('base64')}`,
};
const run = async (...words: string[]): Promise<Finished> =>
  await runWarm(project, words, environment, { packageDir });

beforeAll(() => {
  project = makeBareProject({
    ...Object.fromEntries(savedFiles()),
    'wordstats.py': WORDSTATS,
    'pipeline.ts': PIPELINE,
    'report.ts': REPORT,
  });
});
afterAll(removeProjects);

test('each reason is that of a command', () => {
  const unused = NOT_HERE.filter(
    ([mark]) => !shown.some(({ place, line }) => mark.test(`${place} ${line}`) || mark.test(line)),
  );
  expect(unused).toEqual([]);
});

describe('the commands', () => {
  let runs: Record<string, string>;
  let hash: string;

  beforeAll(async () => {
    runs = {};
    for (const [file, ...more] of [['pipeline.ts'], ['examples/quickstart/pipeline.ts', '--param', 'x=5']]) {
      const { stdout } = await run('run', file!, ...more, '--json');
      const { runId } = JSON.parse(stdout) as { runId: string };
      runs[runId.replace(/-[0-9a-f]+$/, '')] = runId;
    }
    const { stdout } = await run('lineage', '--run', runs['quickstart']!, '--json');
    const { items } = JSON.parse(stdout) as { items: { knotId: string; outputHash: string }[] };
    hash = items.find(({ knotId }) => knotId === 'answer')!.outputHash;
  });

  const known = (word: string): string =>
    word === 'RUN'
      ? runs['quickstart']!
      : word === 'HASH' || word === 'sha256:…'
        ? hash
        : word.replace(/^(nightly|quickstart)-[0-9a-f]{12}$/, (_, name: string) => runs[name]!);
  const LESSONS = /^docs\/(?:tutorial|recipes)\//;

  test.each([
    { pages: 'the tutorial and the recipes', isOfThem: (page: string) => LESSONS.test(page) },
    { pages: 'all other pages', isOfThem: (page: string) => !LESSONS.test(page) },
  ])('of $pages do what they say', async ({ isOfThem }) => {
    const here = shown.filter((one) => isOfThem(one.place) && reasonOf(one) === undefined);
    expect(here.length).toBeGreaterThan(40);
    const failed: unknown[] = [];
    for (const one of here) {
      // What init has written is where the next command of the page is.
      if (one.words[1] === 'pipeline.yaml') continue;
      const words = one.words.map(known);
      const { code, stdout: said, stderr } = await run(...words);
      if (code !== 0)
        failed.push({ line: one.line, words, code, said: said.slice(-300), stderr: stderr.slice(-600) });
    }
    expect(failed).toEqual([]);
  });
});

test.each(['README.md', 'docs/install.md'])(
  '%s says how to install in three lines, and these work in an empty folder',
  async (page) => {
    const [, block] = /^```console\n(.*?)^```/ms.exec(readFile(page))!;
    const [install, ...lines] = block!.trim().split('\n');
    expect(install).toBe('$ npm install selvage zod');
    expect(lines).toHaveLength(2);
    const folder = makeBareProject();
    for (const line of lines) {
      const words = line
        .replace(/ +#.*$/, '')
        .split(' ')
        .slice(3);
      expect(await runWarm(folder, words, {}, { packageDir })).toMatchObject({ code: 0 });
    }
  },
);

test('the page of a project is served', async () => {
  const command = begin(project, ['ui', '--port', '0'], environment, { packageDir });
  const [, url] = await command.hasWritten(/^Page (http:\S+)/m);
  expect((await fetch(url!)).status).toBe(200);
  command.signal('SIGTERM');
  expect(await command.finished).toMatchObject({ code: 0 });
});

test('a document and its functions are written, checked and run', async () => {
  expect(await run('init', '--yaml', 'words')).toMatchObject({ code: 0 });
  const pipeline = path.join('words', 'pipeline.yaml');
  expect(await run('validate', pipeline)).toMatchObject({ code: 0 });
  expect(await run('run', pipeline, '--param', 'name=Ada')).toMatchObject({ code: 0 });
});

test('every verb tells how it is called', async () => {
  const program = await wholeProgram();
  const verbs = program.commands.flatMap((verb) => [
    [verb.name()],
    ...verb.commands.map((sub) => [verb.name(), sub.name()]),
  ]);
  expect(verbs.length).toBeGreaterThan(40);
  for (const words of verbs) {
    const { code, stdout } = await run(...words, '--help');
    expect({ words, code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`selvage ${words.join(' ')}`) as string,
    });
  }
});
