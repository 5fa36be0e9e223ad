import path from 'node:path';
import type { Command } from 'commander';
import { projectFolder } from '../../node/project-folder';
import type { Does } from '../options/does';
import { addCommonOptions, addJsonOption } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import type { Output } from '../output/output';
import { wordsOf } from '../show/backup-parts';
import type { BackupOptions } from './backup';

export function addRestore(program: Command, does: Does): void {
  const command = program
    .command('restore')
    .summary('put a backup in the place of the databases of the project')
    .description(
      'Replaces the databases of the project by a backup, after checking it. The previous files stay beside them under a name with the date. ' +
        'A previous schema of PostgreSQL becomes a dump beside the backup. Refuses while anything uses the project. ' +
        'What was committed after the backup is lost; runs that were in flight then go on from there.',
    )
    .argument('<folder>', 'what `selvage backup` has made')
    .addHelpText('after', '\nExamples:\n  $ selvage restore /backups/monday');
  addCommonOptions(addJsonOption(command)).action(does(restore));
}

async function restore(given: string, options: BackupOptions, output: Output): Promise<number> {
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
}
