import { Option, type Command } from 'commander';
import { SelvageError } from '../../errors';
import { OUTCOME_KINDS, type OutcomeKind } from '../../authoring/outcome';
import type { LineageQuery, RunHistory } from '../../ports';
import type { Does } from '../options/does';
import { addRecordOptions, wholeNumber } from '../options/server-options';
import { TIME_FORMS, timeOption } from '../options/times';
import type { Output } from '../output/output';

interface LineageOptions {
  readonly knot?: string;
  readonly definition?: string;
  readonly output?: string;
  readonly input?: string;
  readonly run?: string;
  readonly outcome?: OutcomeKind;
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
  readonly cursor?: string;
  readonly projectDir?: string;
  readonly capsule?: string;
}

export function addLineage(program: Command, does: Does): void {
  const command = program
    .command('lineage')
    .summary('ask what ran on what, with what result')
    .description(
      'Shows lineage records, newest first: of a run, of a knot or a definition over all runs, of what made a value, of what used one. ' +
        'Conditions add up. Reads the run history and needs no server.',
    )
    .option('--run <run-id>', 'records of this run')
    .option('--knot <id>', 'records of the knot with this id')
    .option('--definition <name>', 'records of all knots of this definition')
    .option('--output <hash>', 'who made the value whose hash is this or begins like it')
    .option('--input <hash>', 'who took the value whose hash is this or begins like it')
    .addOption(new Option('--outcome <outcome>', 'records with this outcome').choices(OUTCOME_KINDS))
    .option('--since <time>', `of knots that finished then or later: ${TIME_FORMS}`, (text) =>
      timeOption(text),
    )
    .option('--until <time>', 'of knots that finished before that', (text) => timeOption(text))
    .option('--limit <number>', 'how many at most', wholeNumber, 50)
    .option('--cursor <cursor>', 'go on where the page before ended')
    .addHelpText(
      'after',
      '\nExamples:\n  $ selvage lineage --run quickstart-1f2e3d4c5b6a\n  $ selvage lineage --knot answer --limit 5\n  $ selvage lineage --input sha256:…\n  $ selvage lineage --definition fetch --outcome err --since 2h',
    );
  addRecordOptions(command).action(does(showLineage));
}

async function showLineage(options: LineageOptions, output: Output): Promise<number> {
  const { withRecords } = await import('../location/records.js');
  const { describePage } = await import('../show/lineage-page.js');
  const { run, limit, cursor } = options;
  const query = conditionsOf(options);
  if (Object.keys(query).length === 0) {
    throw new SelvageError(
      'Usage',
      'Say what to look for: --run, --knot, --definition, --output, --input, --outcome, --since or --until, or several of them.',
    );
  }
  return await withRecords(options, async (backends) => {
    const whole = await withWholeHashes(backends.runHistory, query);
    const page = await backends.runHistory.findLineage({ ...whole, limit, ...(cursor && { cursor }) });
    if (page.items.length === 0 && run && !(await backends.runHistory.getRun(run))) {
      throw new SelvageError(
        'UnknownRun',
        `The run history knows no run "${run}". \`selvage runs list\` shows what there is.`,
        { details: { run } },
      );
    }
    return output.finish(page, () => describePage(page, output));
  });
}

function conditionsOf(options: LineageOptions): LineageQuery {
  const { run, knot, definition, output: made, input, outcome, since, until } = options;
  return {
    ...(run && { runId: run }),
    ...(knot && { knotId: knot }),
    ...(definition && { definition }),
    ...(made && { outputHash: made }),
    ...(input && { inputHash: input }),
    ...(outcome && { outcome }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  };
}

async function withWholeHashes(runHistory: RunHistory, query: LineageQuery): Promise<LineageQuery> {
  const { resolveHash } = await import('../../records/questions/index.js');
  const { outputHash, inputHash } = query;
  return {
    ...query,
    ...(outputHash !== undefined && { outputHash: await resolveHash(runHistory, outputHash) }),
    ...(inputHash !== undefined && { inputHash: await resolveHash(runHistory, inputHash) }),
  };
}
