import { SelvageError } from '../../errors';
import { resolveHash } from '../../lineage';
import { causeLines, errorLine } from '../../execution';
import type { ErrorCause, LineageQuery, LineageRecord, Page, RunHistory } from '../../protocols';
import type { LineageOptions } from '../commands/lineage';
import { EXIT } from '../exit-codes';
import { formatDuration, formatTime } from '../format';
import { nextPage } from '../next-page';
import type { Output } from '../output';
import { withRecords } from '../with-records';

/** `selvage lineage`. */
export async function showLineage(options: LineageOptions, output: Output): Promise<number> {
  const { run, limit, cursor } = options;
  const query = conditionsOf(options);
  if (Object.keys(query).length === 0) {
    throw new SelvageError(
      'Usage',
      'Say what to look for: --run, --knot, --class, --output, --input, --outcome, --since or --until, or several of them.',
    );
  }
  return await withRecords(options, async (backends) => {
    const whole = await withWholeHashes(backends.runHistory, query);
    const page = await backends.runHistory.findLineage({ ...whole, limit, ...(cursor && { cursor }) });
    if (page.items.length === 0 && run && !(await backends.runHistory.getRun(run))) {
      throw new SelvageError(
        'UnknownRun',
        `The run history knows no run "${run}". \`selvage runs list\` shows what there is.`,
        {
          details: { run },
        },
      );
    }
    if (output.json) output.document(page);
    else output.say(describePage(page, output));
    return EXIT.ok;
  });
}

function conditionsOf(options: LineageOptions): LineageQuery {
  const { run, knot, class: knotClass, hash, output: made = hash, input, outcome, since, until } = options;
  return {
    ...(run && { runId: run }),
    ...(knot && { knotId: knot }),
    ...(knotClass && { knotClass }),
    ...(made && { outputHash: made }),
    ...(input && { inputHash: input }),
    ...(outcome && { outcome }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  };
}

async function withWholeHashes(runHistory: RunHistory, query: LineageQuery): Promise<LineageQuery> {
  const { outputHash, inputHash } = query;
  return {
    ...query,
    ...(outputHash !== undefined && { outputHash: await resolveHash(runHistory, outputHash) }),
    ...(inputHash !== undefined && { inputHash: await resolveHash(runHistory, inputHash) }),
  };
}

function describePage({ items, cursor }: Page<LineageRecord>, output: Output): string {
  if (items.length === 0) return 'No knot fits.';
  const more = cursor === undefined ? [] : [output.dim(`There are more: ${nextPage(cursor)}`)];
  return [...items.map((record) => describeRecord(record, output)), ...more].join('\n\n');
}

function describeRecord(record: LineageRecord, output: Output): string {
  const took = formatDuration(record.finished_at - record.started_at);
  const attempt = record.attempt > 1 ? `, attempt ${record.attempt}` : '';
  const inputs = [
    ...Object.entries(record.parent_input_hashes).map(
      ([name, hash]) => `${name} = ${record.parent_knot_ids[name] ?? '?'}  ${hash ?? 'no value'}`,
    ),
    ...Object.entries(record.constant_input_hashes).map(([name, hash]) => `${name} = constant  ${hash}`),
  ];
  const lines: [string, string][] = [
    ['run', record.run_id],
    ['class', record.knot_class + (record.definition_version ? ` ${record.definition_version}` : '')],
    ...inputs.map((text): [string, string] => ['input', text]),
    ...(record.output_hash
      ? [['output', `${record.output_hash} (${record.output_size ?? 0} B)`] as [string, string]]
      : []),
    ...reason(record),
    ...(record.code_hash ? [['code', record.code_hash] as [string, string]] : []),
    ...(record.worker ? [['worker', record.worker] as [string, string]] : []),
  ];
  return [
    `${output.bold(record.knot_id)}  ${outcome(record, output)}  ${formatTime(record.started_at)}, ${took}${attempt}`,
    ...lines.map(([name, text]) => `  ${output.dim(name.padEnd(7))} ${text}`),
  ].join('\n');
}

function outcome(record: LineageRecord, output: Output): string {
  if (record.outcome === 'ok') return output.green('ok');
  return record.outcome === 'err' ? output.red('failed') : output.yellow('skipped');
}

function reason(record: LineageRecord): [string, string][] {
  const { error } = record.extra as { error?: ErrorCause };
  if (error) {
    const [first, ...others] = [errorLine(error), ...causeLines(error)];
    return [['error', first], ...others.map((line): [string, string] => ['', `  ${line}`])];
  }
  return record.skip_reason ? [['reason', record.skip_reason]] : [];
}
