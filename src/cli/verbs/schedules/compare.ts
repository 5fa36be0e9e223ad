import type { ComparedSchedule } from '../../../client';
import { valued, type Chosen } from '../../options/option';
import { JSON_DOCUMENT, SERVER } from '../../options/server-options';
import { EXIT } from '../../output/exit-codes';
import { formatTable } from '../../output/format';
import type { Output } from '../../output/output';
import { verb } from '../../table/verb';

const OPTIONS = {
  owner: valued('<name>', 'what the schedules of the file belong to, as with deploy'),
  ...JSON_DOCUMENT,
  ...SERVER,
};

export const addSchedulesCompare = verb({
  name: 'compare',
  description: 'Compares the schedules that a file exports with those on the server, and changes nothing.',
  arguments: { '<file>': 'that exports schedules' },
  options: OPTIONS,
  after:
    '\nExit codes: 0 all is as the file says, 1 something differs from the file, 2 usage.\n\nExample:\n  $ selvage schedules compare pipeline.ts',
  async work(file: string, options: Chosen<typeof OPTIONS>, output: Output) {
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
      output.finish({ items });
      const isAlike = items.every((one) => one.change === 'same' && one.owner === undefined);
      return isAlike ? EXIT.ok : EXIT.runFailed;
    });
  },
});

const STANDINGS: Readonly<Record<ComparedSchedule['change'], string>> = {
  new: 'not deployed',
  same: 'as declared',
  changed: 'differs',
  gone: 'not declared any more',
};
