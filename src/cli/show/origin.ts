import { causeLines, errorLine } from '../../runtime';
import { redactText } from '../../values/redact';
import type { ErrorCause, LineageRecord } from '../../ports';
import type { ValueOrigin } from '../../records/questions';
import { decodeJson } from '../../values';
import { formatTime, formatValue } from '../output/format';
import type { Output } from '../output/output';

export function originLines(origin: ValueOrigin, output: Output): string[] {
  const { record } = origin;
  return [
    `${output.bold(record.output_hash ?? record.outcome)} (${record.output_size ?? 0} B)`,
    ...branch({ label: `made by ${madeBy(origin, output)}`, origin }, '', output),
  ];
}

interface Branch {
  readonly label: string;
  readonly origin?: ValueOrigin;
}

/** A branch of the tree and everything below it; each line is indented by `indent`. */
function branch({ label, origin }: Branch, indent: string, output: Output): string[] {
  const below = origin ? branchesOf(origin, output) : [];
  return [
    label,
    ...below.flatMap((next, place) => {
      const isLast = place === below.length - 1;
      const [line, ...rest] = branch(next, `${indent}${isLast ? '   ' : '│  '}`, output);
      return [`${indent}${isLast ? '└─ ' : '├─ '}${line!}`, ...rest];
    }),
  ];
}

function branchesOf(
  { record, inputs, earlierOrigin, terminals = [] }: ValueOrigin,
  output: Output,
): Branch[] {
  const branches = [...inputs, ...terminals].map(({ name, hash, knotId, origin, constant }): Branch => {
    const value = hash ?? 'no value';
    if (constant !== undefined) return { label: `${name} = ${formatValue(name, decodeJson(constant))}` };
    if (knotId === undefined) return { label: `${name} = constant  ${output.dim(value)}` };
    const by = origin ? madeBy(origin, output) : `${knotId}, of which there is no record`;
    return { label: `${name} = ${by}  ${output.dim(value)}`, origin };
  });
  if (earlierOrigin) {
    branches.push({ label: `made before by ${madeBy(earlierOrigin, output)}`, origin: earlierOrigin });
  }
  return [...failureLines(record).map((label) => ({ label })), ...branches];
}

/** Why a knot failed, and the causes of that. */
function failureLines({ extra }: LineageRecord): string[] {
  const { error } = extra as { error?: ErrorCause };
  return error ? [errorLine(error), ...causeLines(error)].map(redactText) : [];
}

function madeBy({ record, repeated, truncated }: ValueOrigin, output: Output): string {
  const version = record.definition_version === null ? '' : ` ${record.definition_version}`;
  const what = record.definition === 'parameter' ? '' : ` (${record.definition}${version})`;
  const from = record.cached_from_run === null ? '' : `, taken over from run ${record.cached_from_run}`;
  const note = repeated ? ', as above' : truncated ? ', and more: raise --limit' : '';
  const outcome = record.outcome === 'ok' ? '' : ` ${record.outcome}`;
  return `${output.bold(record.knot_id)}${what}${outcome} of run ${record.run_id}, ${formatTime(record.finished_at)}${from}${note}`;
}
