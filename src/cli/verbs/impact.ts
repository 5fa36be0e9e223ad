import type { Command } from 'commander';
import type { LineageRecord } from '../../ports';
import type { AffectedKnot } from '../../records/questions';
import type { Does } from '../options/does';
import { addRecordOptions, EXAMPLE_HASH, wholeNumber, type RecordOptions } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import { formatTable, formatTime, indented, plural } from '../output/format';
import type { Output } from '../output/output';

interface ImpactOptions extends RecordOptions {
  readonly limit: number;
}

export function addImpact(program: Command, does: Does): void {
  addRecordOptions(
    program
      .command('impact')
      .summary('downstream lineage of a value')
      .description(
        'Walks down from the value with this hash, over all runs: who has it, what took it in, what that made, and so on.',
      )
      .argument('<hash>', 'or its beginning, four digits or more')
      .option('--limit <number>', 'how many knots at most', wholeNumber, 1_000)
      .addHelpText('after', `\nExample:\n  $ selvage impact ${EXAMPLE_HASH}`),
  ).action(does(showImpact));
}

async function showImpact(
  hash: string,
  { limit, ...options }: ImpactOptions,
  output: Output,
): Promise<number> {
  const { withRecords } = await import('../location/records.js');
  const { impact } = await import('../../records/questions/index.js');
  return await withRecords(options, async ({ runHistory }) => {
    const found = await impact(runHistory, hash, { limit });
    if (output.json) output.document(found);
    else {
      const runs = new Set(found.items.map(({ record }) => record.temporal_run_id)).size;
      output.say(
        [
          `${output.bold(found.producers[0]!.output_hash!)} is the value of`,
          ...indented(formatTable(['RUN', 'KNOT', 'WHEN'], found.producers.map(havingRow))),
          '',
          ...(found.items.length === 0
            ? ['Nothing was made of it.']
            : [
                `${plural(found.items.length, 'knot')} of ${plural(runs, 'run')} had it as an input, or what was made of it:`,
                ...indented(formatTable(['RUN', 'KNOT', 'VIA', 'VALUE'], found.items.map(affectedRow))),
              ]),
          ...(found.truncated ? ['', output.dim(`There is more: raise --limit (${limit}).`)] : []),
        ].join('\n'),
      );
    }
    return EXIT.ok;
  });
}

function havingRow(record: LineageRecord): string[] {
  return [record.run_id, record.knot_id, formatTime(record.finished_at)];
}

function affectedRow({ record, through }: AffectedKnot): string[] {
  return [record.run_id, record.knot_id, through.join(', '), record.output_hash ?? record.outcome];
}
