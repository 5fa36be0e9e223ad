import type { Command } from 'commander';
import type { Does } from '../options/does';
import { addRecordOptions, EXAMPLE_HASH, wholeNumber, type RecordOptions } from '../options/server-options';
import type { Output } from '../output/output';

interface WhyOptions extends RecordOptions {
  readonly limit: number;
  readonly run?: string;
}

export function addWhy(program: Command, does: Does): void {
  addRecordOptions(
    program
      .command('why')
      .summary('upstream lineage of a value')
      .description(
        'Walks up from the value with this hash: the knot that made it, what went in, who made that. A value that was the ' +
          'parameter of one run and made in an earlier one is followed into that.',
      )
      .argument('<hash>', 'or its beginning, four digits or more')
      .option('--run <run-id>', 'as this run made it; default: the newest that made it')
      .option('--limit <number>', 'how many knots at most', wholeNumber, 1_000)
      .addHelpText('after', `\nExample:\n  $ selvage why ${EXAMPLE_HASH}`),
  ).action(does(explainValue));
}

async function explainValue(
  hash: string,
  { run, limit, ...options }: WhyOptions,
  output: Output,
): Promise<number> {
  const { withRecords } = await import('../location/records.js');
  const { originLines } = await import('../show/origin.js');
  const { why } = await import('../../records/questions/index.js');
  return await withRecords(options, async (backends) => {
    const origin = await why(backends, hash, { limit, ...(run !== undefined && { runId: run }) });
    return output.finish(origin, () => originLines(origin, output).join('\n'));
  });
}
