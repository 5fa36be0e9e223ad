import path from 'node:path';
import { projectFolder } from '../../node/project-folder';
import type { Backup } from '../files/project-backup';
import { JSON_DOCUMENT, PROJECT, type RecordOptions } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import type { Output } from '../output/output';
import { commandLine } from '../output/typed-commands';
import { wordsOf } from '../show/backup-parts';
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
    if (output.json) output.document({ projectDir, folder, ...shown(made) });
    else
      output.say(
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
    return EXIT.ok;
  },
});

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
