import { causeLines, errorLine, hostOfRecord } from '../../runtime';
import { redactText } from '../../values/redact';
import type { ErrorCause, LineageRecord, Page } from '../../ports';
import { formatDuration, formatTime } from '../output/format';
import type { Output } from '../output/output';
import { nextPage } from '../output/typed-commands';

export function describePage({ items, cursor }: Page<LineageRecord>, output: Output): string {
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
  const host = hostOfRecord(record);
  const lines: [string, string][] = [
    ['run', record.run_id],
    ['definition', record.definition + (record.definition_version ? ` ${record.definition_version}` : '')],
    ...inputs.map((text): [string, string] => ['input', text]),
    ...(record.output_hash
      ? [['output', `${record.output_hash} (${record.output_size ?? 0} B)`] as [string, string]]
      : []),
    ...reason(record),
    ...(record.code_hash ? [['code', record.code_hash] as [string, string]] : []),
    ...(record.worker ? [['worker', record.worker] as [string, string]] : []),
    ...(host === undefined ? [] : [['host', host] as [string, string]]),
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
    const [first, ...others] = [errorLine(error), ...causeLines(error)].map(redactText);
    return [['error', first!], ...others.map((line): [string, string] => ['', `  ${line}`])];
  }
  return record.skip_reason ? [['reason', record.skip_reason]] : [];
}
