import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Command as Verb } from 'commander';
import { openBackends } from '../../../src/backends';
import { runCommandLine } from '../../../src/cli/command-line';
import { BulkJournal } from '../../../src/client/bulk/journal';
import { sampleLineage, sampleValue } from '../../../src/testing/sample-records';
import { folderForEach } from '../../conformance/temporary-folder';
import { hostileRun } from '../../support/hostile-events';
import { makeCommandProject, runCommand } from '../../support/command-line';
import { sharedServerAddress } from '../../support/temporal-server';
import { wholeProgram } from '../../support/whole-program';
import { recordedOutput } from '../../unit/cli/output-streams';

/** Clears the screen, fills the clipboard, makes all red by C1, reverses what follows, and hides a letter. */
const HOSTILE = '\u001b[2J\u001b]52;c;cm0=\u0007\u009b31m\u202egnp.exe\u200bx';
/** What a terminal acts on or hides; line feeds and tabs are ours. */
const OBEYED = /[^\P{Cc}\n\t]|[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/u;
const VALUE = sampleValue(JSON.stringify(`a ${HOSTILE}`));
const LOG = sampleValue(JSON.stringify({ level: HOSTILE, message: HOSTILE, fields: { [HOSTILE]: HOSTILE } }));
const RUN = `run-${HOSTILE}`;
const OTHER = `other-${HOSTILE}`;

const temporary = folderForEach();
/** Its name is told wherever a file of the project is. */
const projectDir = (): string => path.join(temporary(), `project-${HOSTILE}`);
const before = { ...process.env };

beforeEach(() => {
  for (const name of Object.keys(process.env))
    if (/^SELVAGE_(?!TEST_|TEMPORAL_CLI)/.test(name)) delete process.env[name];
});
afterEach(() => {
  process.env = { ...before };
});

/** Two runs, in which everything that a caller or a body can name is hostile. */
async function fill(): Promise<void> {
  mkdirSync(projectDir());
  const backends = await openBackends({ projectDir: projectDir() });
  for (const run_id of [RUN, OTHER]) {
    const run = { run_id, temporal_run_id: `temporal-${run_id}` };
    await backends.runHistory.startRun(
      hostileRun(HOSTILE, {
        ...run,
        terminals: { [HOSTILE]: `made-${HOSTILE}` },
        details: { subject: HOSTILE, event: { topic: HOSTILE } },
      }),
    );
    const error = { id: HOSTILE, type: HOSTILE, message: `failed:\n${HOSTILE}`, attempt: 1 };
    await backends.commit([
      {
        record: sampleLineage({
          ...run,
          knot_id: `made-${HOSTILE}`,
          definition: HOSTILE,
          parent_input_hashes: {},
          parent_knot_ids: {},
          output_hash: VALUE.hash,
          code_hash: run_id === RUN ? VALUE.hash : null,
          worker: HOSTILE,
          extra: { log: { hash: LOG.hash, size: LOG.bytes.byteLength } },
        }),
        values: [VALUE, LOG],
      },
      {
        record: sampleLineage({
          ...run,
          knot_id: `failed-${HOSTILE}`,
          parent_input_hashes: { [HOSTILE]: VALUE.hash },
          parent_knot_ids: { [HOSTILE]: `made-${HOSTILE}` },
          output_hash: null,
          outcome: 'err',
          extra: { error },
        }),
        values: [],
      },
    ]);
  }
  await backends.startLedger.claim([
    { trigger: HOSTILE, key: HOSTILE, runId: HOSTILE, requestHash: null, event: { [HOSTILE]: HOSTILE } },
  ]);
  const table = backends.runHistory.emitterTableBeside!();
  const { version } = await table.begin(HOSTILE, { position: null, positionAt: null });
  const change = {
    kind: 'run-started',
    run_id: RUN,
    temporal_run_id: HOSTILE,
    tapestry: HOSTILE,
    at: 1,
  } as const;
  const deadLetters = [{ eventId: HOSTILE, reason: HOSTILE, change: { ...change, position: HOSTILE } }];
  const place = { position: null, positionAt: null };
  const next = await table.advance(HOSTILE, version, { ...place, delivered: 0, deadLetters });
  await table.fail(HOSTILE, next!, { error: HOSTILE, retryIn: 1 });
  const action = { kind: 'signal', name: HOSTILE, payload: null } as const;
  BulkJournal.create(projectDir(), { id: 'bulk-1', action, plannedAt: 1, runs: [] });
  await backends.close();
}

/** Every command, with arguments that are hostile or lead to what is. Those of several words come first. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  'runs list': ['--actor', HOSTILE],
  'runs logs': [RUN],
  'runs show': [RUN],
  'runs cancel': [RUN],
  'runs terminate': [RUN],
  'bulk cancel': ['--run', HOSTILE, '--dry-run'],
  'bulk terminate': ['--run', HOSTILE, '--dry-run'],
  'bulk resume': ['--run', RUN, '--dry-run'],
  'bulk signal': [HOSTILE, HOSTILE],
  'bulk continue': [HOSTILE],
  'bulk list': [],
  'tables diff': [HOSTILE, HOSTILE],
  'tables show': [HOSTILE],
  overview: ['--since', '2020-01-01'],
  watch: [RUN],
  waiting: ['--by', HOSTILE],
  versions: ['--since', HOSTILE],
  'schedules deploy': [`missing-${HOSTILE}.ts`],
  'schedules list': [`--${HOSTILE}`],
  'schedules compare': [`missing-${HOSTILE}.ts`],
  'schedules show': [HOSTILE],
  'schedules pause': [HOSTILE, '--note', HOSTILE],
  'schedules resume': [HOSTILE],
  'schedules trigger': [HOSTILE],
  'schedules delete': [HOSTILE],
  'schedules preview': [HOSTILE],
  'emitters list': [],
  'emitters redrive': [`missing-${HOSTILE}`, '--event', HOSTILE],
  'emitters discard': [`missing-${HOSTILE}`],
  'emitters dead-letters': [HOSTILE],
  'emitters replay': [HOSTILE, '--from', HOSTILE],
  'emitters skip': [`missing-${HOSTILE}`],
  'emitters resume': [`missing-${HOSTILE}`],
  'emitters remove': [HOSTILE],
  stream: [`missing-${HOSTILE}.ts`],
  'streams list': [`--${HOSTILE}`],
  'streams show': [HOSTILE],
  'streams pause': [HOSTILE],
  'streams resume': [HOSTILE],
  'streams drain': [HOSTILE],
  emit: [`missing-${HOSTILE}.ts`],
  'events list': [],
  'events prune': ['--older-than', HOSTILE],
  'history copy': ['--to', `nothing-${HOSTILE}:copy`],
  'history export': ['--to', 'export', '--since', HOSTILE],
  'cache explain': [RUN, `made-${HOSTILE}`],
  run: [`missing-${HOSTILE}.ts`],
  resume: [RUN],
  backfill: [`missing-${HOSTILE}.ts`],
  dev: ['file.ts', '--port', HOSTILE],
  worker: [`missing-${HOSTILE}.ts`],
  workers: ['--task-queue', HOSTILE],
  'python types': [`missing-${HOSTILE}`, '--out', `missing-${HOSTILE}.ts`],
  serve: [`missing-${HOSTILE}.ts`],
  ui: [`missing-${HOSTILE}.ts`],
  signal: [RUN, HOSTILE],
  stats: ['--by', 'knot', '--since', '2020-01-01'],
  lineage: ['--run', RUN],
  diff: [RUN, OTHER],
  why: [VALUE.hash],
  impact: [VALUE.hash],
  value: [VALUE.hash],
  scrub: [VALUE.hash, '--dry-run'],
  gc: [`--dry-${HOSTILE}`],
  prune: ['--older-than', '1d', '--dry-run'],
  forget: [HOSTILE],
  reseal: [`--${HOSTILE}`],
  partitions: [`missing-${HOSTILE}.ts`, '--from', HOSTILE],
  plan: [`missing-${HOSTILE}.ts`],
  validate: [`missing-${HOSTILE}.yaml`, `missing-${HOSTILE}.ts`],
  export: [`missing-${HOSTILE}.ts`, '--yaml'],
  'capsule create': [RUN],
  mcp: [`missing-${HOSTILE}.ts`],
  'capsule open': [`missing-${HOSTILE}.html`],
  debug: [RUN, `missing-${HOSTILE}.ts`, '--all'],
  replay: ['--file', `missing-${HOSTILE}.json`],
  migrate: ['--status'],
  doctor: [],
  backup: [`/dev/null/${HOSTILE}`],
  restore: [`missing-${HOSTILE}`],
  init: [`folder-${HOSTILE}`, '--template', HOSTILE],
};

function verbsOf(program: Verb, above: readonly string[] = []): string[] {
  return program.commands.flatMap((verb) => {
    const words = [...above, verb.name()];
    return verb.commands.length > 0 ? verbsOf(verb, words) : [words.join(' ')];
  });
}

function optionsOf(program: Verb, verb: string): (string | undefined)[] {
  const at = (above: Verb, word: string): Verb => above.commands.find((each) => each.name() === word)!;
  return verb
    .split(' ')
    .reduce(at, program)
    .options.map(({ long }) => long);
}

test('every command is here', async () => {
  const all = verbsOf(await wholeProgram());
  expect(Object.keys(COMMANDS).sort()).toEqual(all.sort());
});

test('no command lets text from outside steer the terminal, nor break its document', async () => {
  await fill();
  const silent: string[] = [];
  const program = await wholeProgram();
  for (const [verb, args] of Object.entries(COMMANDS)) {
    for (const json of [[], ['--json']]) {
      const { output, stdout, stderr } = recordedOutput({ isTTY: true, env: { NO_COLOR: '1' } });
      const options = optionsOf(program, verb);
      const given = { '--project-dir': projectDir(), '--address': sharedServerAddress() };
      const place = Object.entries(given).filter(([option]) => options.includes(option));
      const words = [
        ...verb.split(' '),
        ...args,
        ...place.flat(),
        ...(options.includes('--json') ? json : []),
      ];
      await runCommandLine(words, output);
      const text = stdout.text + stderr.text;
      const hostile = OBEYED.exec(text)?.[0];
      expect(hostile === undefined ? '' : [verb, ...json, text].join('\n')).toBe('');
      if (!/\\u001b|\\x1b/i.test(text)) silent.push([verb, ...json].join(' '));
      if (json.length > 0 && stdout.text !== '') JSON.parse(stdout.text);
    }
  }
  // The test would prove nothing of a command that tells nothing of it.
  expect(silent).toEqual([]);
});

test('nor do errors and log lines of bodies', async () => {
  const project = makeCommandProject({
    'pipeline.ts': `
import { knot, tapestry } from 'selvage';
const HOSTILE = ${JSON.stringify(HOSTILE)};
const fails = knot('fails', { retry: { maximumAttempts: 1 } }, (_: object, ctx) => {
  ctx.logger.info({ [HOSTILE]: HOSTILE }, HOSTILE);
  throw Object.assign(new Error('first\\n' + HOSTILE, { cause: new Error(HOSTILE) }), { name: HOSTILE });
});
export const hostile = tapestry('hostile', () => ({ out: fails({}, { id: 'fails' }) }));
`,
  });
  for (const json of [[], ['--json', '--verbose']]) {
    const { code, stdout, stderr } = await runCommand(project, ['run', 'pipeline.ts', ...json]);
    expect(code).toBe(1);
    expect(stdout + stderr).not.toMatch(OBEYED);
    expect(stderr).toContain('fails: \\u001b[2J');
    if (json.length > 0) expect(JSON.parse(stdout)).toMatchObject({ status: 'failed' });
  }
  const { stdout: listed } = await runCommand(project, ['runs', 'list', '--json']);
  const [{ runId: run }] = (JSON.parse(listed) as { items: [{ runId: string }] }).items;
  for (const format of ['--mermaid', '--svg', '--html', '--markdown']) {
    const { code, stdout, stderr } = await runCommand(project, ['runs', 'show', run, format]);
    expect({ format, code, hostile: OBEYED.exec(stdout + stderr)?.[0] }).toEqual({
      format,
      code: 0,
      hostile: undefined,
    });
    if (format === '--svg' || format === '--markdown') expect(stdout).toContain('\\u001b[2J');
  }
});
