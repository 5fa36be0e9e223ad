import { flag, valued, type Chosen } from '../../options/option';
import { JSON_DOCUMENT, SERVER } from '../../options/server-options';
import { plural } from '../../output/format';
import type { Output } from '../../output/output';
import { verb } from '../../table/verb';

const OPTIONS = {
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
  options: OPTIONS,
  after:
    '\nExamples:\n  $ selvage schedules deploy pipeline.ts\n  $ selvage schedules deploy pipeline.ts --prune --dry-run',
  async work(file: string, options: Chosen<typeof OPTIONS>, output: Output) {
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
