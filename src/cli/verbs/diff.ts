import type { Command } from 'commander';
import type { Does } from '../options/does';
import { addRecordOptions, wholeNumber, type RecordOptions } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import type { Output } from '../output/output';

interface DiffOptions extends RecordOptions {
  readonly limit: number;
}

export function addDiff(program: Command, does: Does): void {
  addRecordOptions(
    program
      .command('diff')
      .summary('how two runs differ, and why')
      .description(
        'Compares two runs knot by knot, by outcomes and hashes, and says of the first ones that differ why they do: other code, ' +
          'constants, parameters, signals or wiring, a failure, or a body that gives something else on the same inputs.',
      )
      .argument('<run-id>')
      .argument('<other-run-id>')
      .option(
        '--limit <number>',
        'how many differences at most; elements of a map that differ for one reason count as one',
        wholeNumber,
        50,
      )
      .addHelpText(
        'after',
        '\nExit codes: 0 they came to the same, 1 they differ, 2 usage or an unknown run.\n\nExample:\n  $ selvage diff quickstart-1f2e3d4c5b6a quickstart-5a6b7c8d',
      ),
  ).action(does(diff));
}

async function diff(
  first: string,
  second: string,
  { limit, ...options }: DiffOptions,
  output: Output,
): Promise<number> {
  const { withRecords } = await import('../location/records.js');
  const { describeDifference } = await import('../show/difference.js');
  const { diffRuns } = await import('../../records/questions/index.js');
  return await withRecords(options, async ({ runHistory }) => {
    const difference = await diffRuns(runHistory, first, second);
    const { items } = difference;
    const total = items.length;
    if (output.json) output.document({ ...difference, items: items.slice(0, limit), total });
    else output.say(describeDifference(difference, limit, output));
    return total === 0 ? EXIT.ok : EXIT.runFailed;
  });
}
