import { InvalidArgumentError, type Command } from 'commander';
import { SelvageError } from '../../errors';
import type { Backends } from '../../ports';
import { PARTITION_STATES, type PartitionState, type PartitionStatus } from '../../records/questions';
import type { Does } from '../options/does';
import {
  addJsonOption,
  addServerOptions,
  collect,
  commaSeparated,
  wholeNumber,
  type ServerOptions,
} from '../options/server-options';
import type { Output } from '../output/output';

interface PartitionsCommandOptions extends ServerOptions {
  readonly tapestry?: string;
  readonly from?: string;
  readonly to?: string;
  readonly state?: readonly PartitionState[];
  readonly param?: readonly string[];
  readonly paramsFile?: string;
  readonly limit?: number;
}

export function addPartitions(program: Command, does: Does): void {
  const command = program
    .command('partitions')
    .summary('the partitions of a tapestry: missing, running, ok, stale or failed')
    .description(
      'Lists the partitions of a tapestry with the state of each; of stale ones, what has changed since they were made: code, configuration or an input.',
    )
    .argument('<file>', 'file that exports the tapestry')
    .option('--tapestry <name>', 'which tapestry, if the file exports several')
    .option('--from <key>', 'the first partition (default: the first of all)')
    .option('--to <key>', 'the last partition, included (default: the last that is over)')
    .option(
      '--state <states>',
      `only those in one of these states, separated by commas: ${PARTITION_STATES.join(', ')}`,
      readStates,
    )
    .option(
      '--param <name=value>',
      'what runs would be given, to be compared with what they were given; may be repeated',
      collect,
    )
    .option('--params-file <file>', 'the same as an object in a JSON or YAML file; --param goes before it')
    .option('--limit <number>', 'show the last so many (default: 100; with --json all)', wholeNumber)
    .addHelpText(
      'after',
      `
Examples:
  $ selvage partitions weather.ts
  $ selvage partitions weather.ts --from 2024-03-01 --to 2024-03-31 --state stale,failed`,
    );
  addServerOptions(addJsonOption(command)).action(does(showPartitions));
}

function readStates(text: string): readonly PartitionState[] {
  return commaSeparated(text).map((given) => {
    const state = PARTITION_STATES.find((known) => known === given);
    if (!state)
      throw new InvalidArgumentError(`Give some of ${PARTITION_STATES.join(', ')}, separated by commas.`);
    return state;
  });
}

const SHOWN = 100;

async function showPartitions(
  file: string,
  options: PartitionsCommandOptions,
  output: Output,
): Promise<number> {
  const { createInMemoryBackends } = await import('../../backends/in-memory.js');
  const { chooseTapestry, loadFile } = await import('../files/load-file.js');
  const { readParameters } = await import('../files/parameters.js');
  const { withClientOrRecords } = await import('../location/connect.js');
  const { countsOf, describe } = await import('../show/partitions.js');
  const { listPartitions, requirePartitions } = await import('../../connection/list-partitions.js');
  const { recordOf } = await import('../../authoring/index.js');
  const tapestry = chooseTapestry(await loadFile(file), options.tapestry);
  const record = recordOf(tapestry);
  requirePartitions(record);
  const { from, to, state, param = [], paramsFile, limit } = options;
  const parameters = await readParameters(record, { pairs: param, file: paramsFile });
  const question = { from, to, state, parameters };
  const show = (partitions: readonly PartitionStatus[]): number => {
    const shown = partitions.slice(-(limit ?? (output.json ? Infinity : SHOWN)));
    output.say(describe(partitions, shown, output));
    return output.finish({ tapestry: record.name, counts: countsOf(partitions), items: shown });
  };
  const fromRecords = async (backends: Backends): Promise<number> =>
    show(await listPartitions(backends, record, question));
  // Before the first run, all partitions are missing; saying so creates no files.
  if (!(await isSomethingOnRecord(options))) return await fromRecords(createInMemoryBackends());
  return await withClientOrRecords(
    options,
    output,
    async (selvage) => show(await selvage.partitions.list(tapestry, question)),
    fromRecords,
  );
}

async function isSomethingOnRecord(options: PartitionsCommandOptions): Promise<boolean> {
  const { requireHistory } = await import('../location/records.js');
  try {
    requireHistory(options);
    return true;
  } catch (error) {
    if (SelvageError.is(error, 'FileNotFound')) return false;
    throw error;
  }
}
