import type { ComparedSchedule } from '../../../client';
import { flag, valued, type Chosen } from '../../options/option';
import { JSON_DOCUMENT, SERVER } from '../../options/server-options';
import { EXIT } from '../../output/exit-codes';
import { formatTable, plural } from '../../output/format';
import type { Output } from '../../output/output';
import { verb } from '../../table/verb';

const DEPLOY_OPTIONS = {
  prune: flag('delete schedules that were deployed from this file and are not in it any more'),
  dryRun: flag('only show what would be done'),
  takeOver: flag('change schedules that belong to another file, or were made by other means, too'),
  owner: valued(
    '<name>',
    "what the schedules belong to (default: the project's name and the path of the file)",
  ),
  ...JSON_DOCUMENT,
  ...SERVER,
};

export const addSchedulesDeploy = verb({
  name: 'deploy',
  description:
    'Makes the schedules on the server as the file declares them, and shows what differs. Twice is as once. What is paused stays paused.',
  arguments: { '<file>': 'that exports schedules' },
  options: DEPLOY_OPTIONS,
  after:
    '\nExamples:\n  $ selvage schedules deploy pipeline.ts\n  $ selvage schedules deploy pipeline.ts --prune --dry-run',
  async work(file: string, options: Chosen<typeof DEPLOY_OPTIONS>, output: Output) {
    const { declaredIn } = await import('../../files/declared-schedules.js');
    const { describePlace, openFor } = await import('../../location/connect.js');
    const { deployedLines } = await import('../../show/schedule-changes.js');
    const { prune = false, dryRun = false, takeOver = false } = options;
    const { declared, owner } = await declaredIn(file, options.owner, prune);
    const selvage = await openFor(undefined, options, output);
    try {
      output.say(describePlace(selvage.location));
      const deployed = await selvage.schedules.deploy(declared, { owner, prune, dryRun, takeOver });
      output.say(deployed.flatMap((one) => deployedLines(one, dryRun, output)).join('\n'));
      const left = deployed.filter(({ action }) => action === 'left').length;
      if (left > 0)
        output.warn(
          `${output.yellow('warning')} ${plural(left, 'schedule')} that ${left === 1 ? 'was' : 'were'} deployed from here ${left === 1 ? 'is' : 'are'} not declared any more, and ` +
            `still ${left === 1 ? 'starts' : 'start'} runs: --prune deletes ${left === 1 ? 'it' : 'them'}.`,
        );
      if (selvage.location.source === 'embedded' && !dryRun && declared.length > 0) {
        output.warn(
          `${output.yellow('warning')} The embedded server plans runs while it runs, which is while a command uses it. What it misses meanwhile, it catches up with as ` +
            'far as `catchup` says. For schedules that always run, use a server of your own.',
        );
      }
      return output.finish({ owner, dryRun, items: deployed, server: selvage.location });
    } finally {
      await selvage.close();
    }
  },
});

const COMPARE_OPTIONS = {
  owner: valued('<name>', 'what the schedules of the file belong to, as with deploy'),
  ...JSON_DOCUMENT,
  ...SERVER,
};

export const addSchedulesCompare = verb({
  name: 'compare',
  description: 'Compares the schedules that a file exports with those on the server, and changes nothing.',
  arguments: { '<file>': 'that exports schedules' },
  options: COMPARE_OPTIONS,
  after:
    '\nExit codes: 0 all is as the file says, 1 something differs from the file, 2 usage.\n\nExample:\n  $ selvage schedules compare pipeline.ts',
  async work(file: string, options: Chosen<typeof COMPARE_OPTIONS>, output: Output) {
    const { declaredIn } = await import('../../files/declared-schedules.js');
    const { withClient } = await import('../../location/connect.js');
    const { changeLines } = await import('../../show/schedule-changes.js');
    const { declared, owner } = await declaredIn(file, options.owner, true);
    return await withClient(options, output, async (selvage) => {
      const items = await selvage.schedules.compare(declared, { owner });
      const rows = items.map((one) => [
        one.id,
        `${STANDINGS[one.change]}${one.paused ? ', paused' : ''}`,
        one.owner === undefined ? '' : `it belongs to ${one.owner ?? 'nobody: it was made by other means'}`,
      ]);
      output.say(rows.length === 0 ? 'There is no schedule.' : formatTable(['SCHEDULE', 'STATE', ''], rows));
      for (const { id, changes } of items)
        if (changes.length > 0) output.say(['', output.bold(id), ...changeLines(changes, output)].join('\n'));
      const isAlike = items.every((one) => one.change === 'same' && one.owner === undefined);
      return output.conclude(isAlike ? EXIT.ok : EXIT.runFailed, { items });
    });
  },
});

const STANDINGS: Readonly<Record<ComparedSchedule['change'], string>> = {
  new: 'not deployed',
  same: 'as declared',
  changed: 'differs',
  gone: 'not declared any more',
};
