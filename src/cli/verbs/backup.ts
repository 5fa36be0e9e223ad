import path from 'node:path';
import { projectFolder } from '../../node/project-folder';
import type { BackedUp, Backup } from '../files/project-backup';
import { JSON_DOCUMENT, PROJECT, type RecordOptions } from '../options/server-options';
import type { Output } from '../output/output';
import { commandLine } from '../output/typed-commands';
import { verb } from '../table/verb';

export const addBackup = verb({
  name: 'backup',
  summary: 'copy the databases of the project, while they are in use',
  description:
    'Copies the databases of the project into a new folder, while workers and runs go on. These are its SQLite files (of the embedded server, the run history, ' +
    'plans and values), or its database in PostgreSQL, by pg_dump. Each is copied as of one moment; run no gc, prune or scrub meanwhile. Keys are not included.',
  arguments: { '<folder>': 'where to; it must not be there yet' },
  options: { ...JSON_DOCUMENT, ...PROJECT },
  after: '\nExamples:\n  $ selvage backup /backups/monday',
  async work(given: string, options: RecordOptions, output: Output) {
    const projectDir = projectFolder(options.projectDir);
    const folder = path.resolve(given);
    const { backUpProject } = await import('../files/project-backup.js');
    const made = await backUpProject({ projectDir, folder, log: (message) => output.warn(message) });
    return output.finish({ projectDir, folder, ...shown(made) }, () =>
      [
        `Backed up ${projectDir} to ${folder}:`,
        ...made.files.map(({ name, holds, size }) => `  ${name}  ${size} bytes: ${wordsOf(holds)}`),
        ...(made.leftOut ?? []).map(
          ({ holds, shown }) =>
            `  Not in it: ${wordsOf([holds])} at ${shown}. Copy that after this, before any gc, prune or scrub.`,
        ),
        `Put it back with: ${commandLine(['restore', folder])}`,
      ].join('\n'),
    );
  },
});

export const addRestore = verb({
  name: 'restore',
  summary: 'put a backup in the place of the databases of the project',
  description:
    'Replaces the databases of the project by a backup, after checking it. The previous files stay beside them under a name with the date. ' +
    'A previous schema of PostgreSQL becomes a dump beside the backup. Refuses while anything uses the project. ' +
    'What was committed after the backup is lost; runs that were in flight then go on from there.',
  arguments: { '<folder>': 'what `selvage backup` has made' },
  options: { ...JSON_DOCUMENT, ...PROJECT },
  after: '\nExamples:\n  $ selvage restore /backups/monday',
  async work(given: string, options: RecordOptions, output: Output) {
    const projectDir = projectFolder(options.projectDir);
    const folder = path.resolve(given);
    const { restoreProject } = await import('../files/project-backup.js');
    const { backup: from, files } = await restoreProject({
      projectDir,
      folder,
      log: (message) => output.warn(message),
    });
    const { begunAt: startedAt, endedAt: finishedAt } = from;
    return output.finish({ projectDir, folder, startedAt, finishedAt, files }, () =>
      [
        `Restored ${projectDir} as it was at ${new Date(startedAt).toISOString()}:`,
        ...files.map(
          ({ file, contains, movedTo }) =>
            `  ${file}: ${wordsOf(contains)}${movedTo === undefined ? '' : `\n    what was there is kept as ${movedTo}`}`,
        ),
      ].join('\n'),
    );
  },
});

const WORDS: Readonly<Record<BackedUp, string>> = {
  server: "the embedded server's runs",
  history: 'run history',
  store: 'plans',
  data: 'values',
  largeData: 'large values',
  ledger: 'start ledger',
};

function wordsOf(holds: readonly BackedUp[]): string {
  return holds.map((part) => WORDS[part]).join(', ');
}

/** The manifest with the field names of answers, which differ from the stored ones. */
function shown({ begunAt: startedAt, endedAt: finishedAt, files, leftOut, ...others }: Backup): object {
  const contains = <Part>({ holds, ...part }: Part & { readonly holds: unknown }): object => ({
    ...part,
    contains: holds,
  });
  return {
    ...others,
    startedAt,
    finishedAt,
    files: files.map(contains),
    ...(leftOut && { leftOut: leftOut.map(contains) }),
  };
}
