import { flag, type Chosen } from '../options/option';
import { JSON_DOCUMENT, SERVER } from '../options/server-options';
import type { Output } from '../output/output';
import { verb } from '../table/verb';

const OPTIONS = {
  repair: flag("repair what is damaged in the project's .selvage"),
  afterRestore: flag(
    'after a restore from a backup: compare records, values, the ledger and emitters with the server, end the records of runs that it has no more',
    { conflicts: 'repair' },
  ),
  ...JSON_DOCUMENT,
  ...SERVER,
};

export const addDoctor = verb({
  name: 'doctor',
  summary: 'what is there, what is missing, how to get it; repairs damaged files',
  description:
    'Looks at all that Selvage needs and changes nothing. Exit code 1 if something needed is missing or unusable.\n\n' +
    "With --repair: repairs what is damaged in the project's .selvage (databases, stale leases and locks). It keeps every damaged " +
    'file under another name, says what could be kept and what is lost, and refuses while other processes use the files. ' +
    'Exit code 0 if all is sound afterwards.',
  options: OPTIONS,
  after: '\nExamples:\n  $ selvage doctor\n  $ selvage doctor --after-restore\n  $ selvage doctor --repair',
  async work(options: Chosen<typeof OPTIONS>, output: Output) {
    if (options.afterRestore)
      return await (await import('../doctor/after-restore.js')).afterRestore(options, output);
    if (options.repair) return await (await import('../doctor/repair.js')).repair(options, output);
    return await (await import('../doctor/examine.js')).examine(options, output);
  },
});
