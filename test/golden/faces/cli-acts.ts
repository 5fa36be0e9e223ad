import { writeFileSync } from 'node:fs';
import path from 'node:path';
import Libsql from 'libsql';
import type { FixedProject } from './fixed-project';

export interface ActPlaces {
  /** It has a worker. */
  readonly worked: FixedProject;
  /** It has an embedded server, and the runs `good` and `broken`: for verbs that work for their runs themselves. */
  readonly alone: FixedProject;
}

/** The words after a verb. */
type Words =
  string | ((form: string, places: ActPlaces, copy: readonly string[]) => string | Promise<string>);

/** Acts are carried out one after another, as text and then, where the verb has it, with `--json`. What they make is named after the form. */
export interface Act {
  /** `copy`: a copy of the project alone, new for each form, so that what one act removes or repairs, no other misses. */
  readonly in: keyof ActPlaces | 'copy';
  readonly environment?: NodeJS.ProcessEnv;
  readonly words: readonly Words[];
}

const KEYS = { SELVAGE_KEYS: `old:${Buffer.alloc(32, 1).toString('base64')}` };
const NEW_KEYS = { SELVAGE_KEYS: `new:${Buffer.alloc(32, 2).toString('base64')},${KEYS.SELVAGE_KEYS}` };
const BY_ADA = '{"by":"ada"}';
const BY_FOUR = '{"by":4}';

/** A run of its own that waits, and the words after its id. */
const waiting =
  (name: string, words = ''): Words =>
  async (form, { worked }) =>
    `${await worked.start('asks', `${name}-${form}`)} ${words}`.trim();

/** Two waiting runs with a tag of their own, and the words after the tag. */
const tagged =
  (name: string, before: string, after: string): Words =>
  async (form, { worked }) => {
    for (const one of ['first', 'second'])
      await worked.start('asks', `${name}-${one}-${form}`, '--tag', `${name}-${form}`);
    return `${before} --tag ${name}-${form} ${after}`.trim();
  };

const deployed: Words = async (_, { worked }) => {
  await worked.does('schedules', 'deploy', 'pipeline.ts');
  return 'yearly';
};

/** The emitter after its first delivery, with a dead letter, and the words after its name. */
const emitted =
  (words = ''): Words =>
  async (_, { alone }, copy) => {
    await alone.does('emit', 'emitters.ts', '--until-caught-up', ...copy);
    return `ends ${words}`.trim();
  };

/** A run whose values are sealed for a subject. */
const ofAnna: Words = async (form, { alone }, copy) => {
  const run = [
    'run',
    'words.yaml',
    '--param',
    'word=hello',
    '--run-id',
    `of-anna-${form}`,
    '--subject',
    'anna',
  ];
  await alone.doesWith(KEYS, [...run, ...copy, '--address', await alone.address()]);
  return 'anna';
};

/** What each verb does that acts; an option after it, where the verb asks as well. */
export const CLI_ACTS: Readonly<Record<string, Act>> = {
  init: {
    in: 'alone',
    words: [
      (form) => `first-${form}`,
      (form) => `nightly-${form} --template nightly`,
      (form) => `yaml-${form} --yaml`,
      (form) => `yaml-${form} --yaml`,
      'other --template nobody',
    ],
  },
  run: {
    in: 'alone',
    words: [
      (form) => `pipeline.ts --tapestry orders --param x=5 --run-id run-${form} --tag blue`,
      (form) => `pipeline.ts --tapestry orders --param x=5 --run-id run-${form}`,
      (form) => `pipeline.ts --tapestry orders --param x=6 --run-id run-${form}`,
      (form) => `pipeline.ts --tapestry breaks --param x=5 --run-id run-breaks-${form}`,
      (form) => `words.yaml --param word=hello --run-id run-words-${form} --timings`,
      'pipeline.ts --tapestry orders --param x=much',
      'pipeline.ts --tapestry orders',
      'pipeline.ts --tapestry nobody',
      'pipeline.ts --tapestry orders --param x=5 --run-id run-detached --detach',
    ],
  },
  resume: {
    in: 'alone',
    words: [
      (form) => `broken pipeline.ts --run-id resumed-${form} --allow-duplicate`,
      'good pipeline.ts --from nobody',
      'nobody pipeline.ts',
    ],
  },
  backfill: {
    in: 'alone',
    words: [
      'pipeline.ts --tapestry daily --dry-run',
      (form) =>
        `pipeline.ts --tapestry daily --run-id filled-${form} --to bad --state missing,failed --concurrency 1`,
      'pipeline.ts --tapestry orders',
      'pipeline.ts --tapestry daily --from z',
    ],
  },
  stream: { in: 'alone', words: ['pipeline.ts --id texts', 'pipeline.ts --id nobody', 'words.yaml'] },
  'streams pause': { in: 'worked', words: ['notes', 'nobody'] },
  'streams resume': { in: 'worked', words: ['notes', 'nobody'] },
  'streams drain': {
    in: 'worked',
    words: [
      async (_, { worked }) => {
        const reader = worked.begin('stream', 'endless.ts', '--id', 'drained');
        await reader.hasWritten(/drained: reads/);
        return 'drained';
      },
      'nobody',
    ],
  },
  emit: { in: 'copy', words: ['emitters.ts --until-caught-up', 'callables.ts --until-caught-up'] },
  'runs cancel': {
    in: 'worked',
    words: [
      async (form, { worked }) => {
        const id = `cancelled-${form}`;
        await worked.start('holds', id, '--param', `until=${id}.over`);
        await worked.shows(/held +runs /, 'runs', 'show', id);
        return id;
      },
      async (form, { worked }) => {
        const id = `cancelled-${form}`;
        writeFileSync(path.join(worked.folder, `${id}.over`), '');
        await worked.ended(id);
        return id;
      },
      'done',
      'nobody',
    ],
  },
  'runs terminate': { in: 'worked', words: [waiting('terminated', '--reason wrong'), 'done', 'nobody'] },
  signal: {
    in: 'worked',
    words: [
      waiting('signalled', `approve ${BY_ADA}`),
      waiting('unsigned', `approve ${BY_FOUR}`),
      (form) => `unsigned-${form} nobody ${BY_ADA}`,
      (form) => `unsigned-${form} approve {`,
      `done approve ${BY_ADA}`,
      `nobody approve ${BY_ADA}`,
    ],
  },
  'bulk cancel': {
    in: 'worked',
    words: [
      tagged('cancel', '', '--dry-run'),
      (form) => `--tag cancel-${form}`,
      (form) => `--tag cancel-${form} --yes --concurrency 1`,
      '--tag nobody --yes',
      '--yes',
    ],
  },
  'bulk terminate': {
    in: 'worked',
    words: [tagged('terminate', '', '--yes --concurrency 1 --reason wrong')],
  },
  'bulk signal': {
    in: 'worked',
    words: [
      tagged('signal', `approve ${BY_ADA}`, '--yes --concurrency 1'),
      tagged('missignal', `approve ${BY_FOUR}`, '--yes --concurrency 1'),
    ],
  },
  'bulk resume': {
    in: 'worked',
    words: [
      async (form, { worked }) => {
        await worked.run('breaks', `bulk-broken-${form}`, '--param', 'x=1', '--tag', `resume-${form}`);
        return `--tag resume-${form} --yes`;
      },
    ],
  },
  'bulk continue': {
    in: 'worked',
    words: [
      async (form, { worked }) => {
        const id = `continued-${form}`;
        await worked.start('asks', id);
        const { stdout, stderr } = await worked.does('bulk', 'cancel', '--run', id, '--yes');
        return /bulk-\w+/.exec(stdout + stderr)![0];
      },
      'nobody',
    ],
  },
  'schedules deploy': {
    in: 'worked',
    words: [
      async (_, { worked }) => {
        await worked.selvage('schedules', 'delete', 'yearly');
        return 'pipeline.ts --dry-run';
      },
      'pipeline.ts',
      'pipeline.ts',
      'pipeline.ts --owner elsewhere',
      'words.yaml',
    ],
  },
  'schedules pause': { in: 'worked', words: [deployed, 'yearly --note moving', 'nobody'] },
  'schedules resume': { in: 'worked', words: [deployed, 'nobody'] },
  'schedules trigger': { in: 'worked', words: [deployed, 'nobody'] },
  'schedules delete': { in: 'worked', words: [deployed, 'nobody'] },
  'events prune': {
    in: 'copy',
    words: ['--older-than 3650d --yes', '--older-than 3650d', '--older-than 1m --yes'],
  },
  'emitters redrive': { in: 'copy', words: [emitted()] },
  'emitters discard': { in: 'copy', words: [emitted()] },
  'emitters replay': {
    in: 'copy',
    words: [emitted('--from beginning'), 'ends', 'ends --from 99_99', 'nobody --from beginning'],
  },
  'emitters skip': {
    in: 'copy',
    words: [
      async (form, places, copy) => {
        await (emitted() as (...given: unknown[]) => Promise<string>)(form, places, copy);
        await places.alone.does('emitters', 'replay', 'ends', '--from', 'beginning', ...copy);
        return 'ends --changes 2';
      },
      'ends --changes few',
      'nobody',
    ],
  },
  'emitters resume': { in: 'copy', words: [emitted(), 'nobody'] },
  'emitters remove': { in: 'copy', words: [emitted(), 'nobody'] },
  'history export': {
    in: 'copy',
    words: [
      (form) => `--to exported-${form} --tapestry breaks`,
      (form) => `--to exported-${form} --tapestry nobody`,
    ],
  },
  'history copy': {
    in: 'copy',
    words: [
      (form, { alone }) => `--to sqlite:${path.join(alone.folder, `history-${form}.db`)}`,
      (form, { alone }) => `--to sqlite:${path.join(alone.folder, `history-${form}.db`)}`,
      '--to oracle://nobody',
    ],
  },
  scrub: {
    in: 'copy',
    words: ['--run good --dry-run', '--run good', '--run good --yes --reason 4711', 'sha256:ffffffff', ''],
  },
  gc: { in: 'copy', words: ['--dry-run', '', '--grace 1m'] },
  prune: {
    in: 'copy',
    words: [
      '--older-than 1d --dry-run',
      (_form, _places, [, folder]) => {
        // As if it had ended the day before yesterday.
        const db = new Libsql(path.join(folder!, '.selvage', 'selvage.db'));
        db.prepare(
          "update selvage_runs set finished_at = finished_at - 172800000 where run_id = 'broken'",
        ).run();
        db.close();
        return '--older-than 1d --dry-run';
      },
      '--older-than 1d',
      '--older-than 1d --run good --yes',
      '--older-than 1d --yes',
      '--older-than 1m --yes',
      '',
    ],
  },
  forget: { in: 'copy', environment: KEYS, words: [ofAnna, 'anna --yes', 'anna --yes', 'nobody --yes'] },
  reseal: { in: 'copy', environment: NEW_KEYS, words: ['', ''] },
  'capsule create': {
    in: 'copy',
    words: [
      (form) => `good --out good-${form}.capsule`,
      (form) => `good --out all-${form}.capsule --with-secrets --redact report.text`,
      (form) => `broken --out broken-${form}.capsule --no-values`,
      'nobody',
    ],
  },
  'python types': {
    in: 'alone',
    words: [
      (form) => `prices --out prices-${form}.ts`,
      (form) => `prices --out prices-${form}.ts --check`,
      'nobody --out nobody.ts',
    ],
  },
  'doctor --repair': { in: 'copy', words: [''] },
  backup: { in: 'copy', words: [(form) => `backup-${form}`, (form) => `backup-${form}`] },
  restore: {
    in: 'alone',
    words: [
      (form) => `saved --project-dir restored-${form}`,
      (form) => `saved --project-dir restored-${form}`,
      'nobody',
    ],
  },
};
