import path from 'node:path';
import { projectFolder } from '../../node/project-folder';
import { JSON_DOCUMENT, PROJECT, type RecordOptions } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import type { Output } from '../output/output';
import { wordsOf } from '../show/backup-parts';
import { verb } from '../table/verb';

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
    if (output.json) output.document({ projectDir, folder, startedAt, finishedAt, files });
    else
      output.say(
        [
          `Restored ${projectDir} as it was at ${new Date(startedAt).toISOString()}:`,
          ...files.map(
            ({ file, contains, movedTo }) =>
              `  ${file}: ${wordsOf(contains)}${movedTo === undefined ? '' : `\n    what was there is kept as ${movedTo}`}`,
          ),
        ].join('\n'),
      );
    return EXIT.ok;
  },
});
