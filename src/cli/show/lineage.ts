import { SelvageError } from '../../errors';
import { impact } from '../../operations/lineage/impact';
import { list } from '../../operations/lineage/list';
import type { RecordView } from '../../operations/lineage/record';
import type { Step } from '../../operations/lineage/walk';
import { why } from '../../operations/lineage/why';
import { causeLines, errorLine, hostOfRecord } from '../../runtime';
import { decodeJson, type Json } from '../../values';
import { redactText } from '../../values/redact';
import { formatDuration, formatTable, formatTime, formatValue, indented, plural } from '../output/format';
import type { Output } from '../output/output';
import { nextPageLines } from '../output/typed-commands';
import { makeVerb } from '../table/verb-of-table';

export const addLineage = makeVerb(list, ({ items, cursor }, _, output) => {
  if (items.length === 0) return 'No knot fits.';
  const shown = items.map((record) => describeRecord(record, output)).join('\n\n');
  return [shown, ...nextPageLines(cursor, output)].join('\n');
});

export function describeRecord(record: RecordView, output: Output): string {
  const { definition, definitionVersion, outputHash, outputSize, codeHash, worker } = record;
  const took = formatDuration(record.finishedAt - record.startedAt);
  const attempt = record.attempt > 1 ? `, attempt ${record.attempt}` : '';
  const inputs = [
    ...Object.entries(record.parentInputHashes).map(
      ([name, hash]) => `${name} = ${record.parentKnotIds[name] ?? '?'}  ${hash ?? 'no value'}`,
    ),
    ...Object.entries(record.constantInputHashes).map(([name, hash]) => `${name} = constant  ${hash}`),
  ];
  const lines: (readonly [name: string, text: string | null | undefined])[] = [
    ['run', record.runId],
    ['definition', definition + (definitionVersion ? ` ${definitionVersion}` : '')],
    ...inputs.map((text) => ['input', text] as const),
    ['output', outputHash && `${outputHash} (${outputSize ?? 0} B)`],
    ...reasonLines(record),
    ['code', codeHash],
    ['worker', worker],
    ['host', hostOfRecord(record)],
  ];
  return [
    `${output.bold(record.knotId)}  ${outcomeWord(record, output)}  ${formatTime(record.startedAt)}, ${took}${attempt}`,
    ...lines.flatMap(([name, text]) => (text ? [`  ${output.dim(name.padEnd(7))} ${text}`] : [])),
  ].join('\n');
}

function outcomeWord({ outcome }: RecordView, output: Output): string {
  if (outcome === 'ok') return output.green('ok');
  return outcome === 'err' ? output.red('failed') : output.yellow('skipped');
}

function reasonLines({ extra, skipReason }: RecordView): (readonly [string, string | null])[] {
  const [first, ...others] = failureLines(extra);
  if (first === undefined) return [['reason', skipReason]];
  return [['error', first], ...others.map((line) => ['', `  ${line}`] as const)];
}

function failureLines({ error }: { readonly error?: Step['error'] }): string[] {
  return error ? [errorLine(error), ...causeLines(error)].map(redactText) : [];
}

export const addWhy = makeVerb(why, ({ hash, items }, _, output) => {
  const [made] = items;
  return [
    `${output.bold(made!.outputHash ?? hash)} (${made!.outputSize ?? 0} B)`,
    ...branch({ label: `made by ${madeBy(made!, output)}`, step: 0 }, '', items, output),
  ].join('\n');
});

interface Branch {
  readonly label: string;
  readonly step?: number | undefined;
}

/** A branch of the tree and everything below it, indented by `indent`. */
function branch({ label, step }: Branch, indent: string, steps: readonly Step[], output: Output): string[] {
  const below = step === undefined ? [] : branchesOf(steps[step]!, steps, output);
  return [
    label,
    ...below.flatMap((next, place) => {
      const isLast = place === below.length - 1;
      const [line, ...rest] = branch(next, `${indent}${isLast ? '   ' : '│  '}`, steps, output);
      return [`${indent}${isLast ? '└─ ' : '├─ '}${line!}`, ...rest];
    }),
  ];
}

function branchesOf(of: Step, steps: readonly Step[], output: Output): Branch[] {
  const { inputs = [], earlierStep } = of;
  const branches = inputs.map(({ name, hash = 'no value', knotId, constant, step }): Branch => {
    if (constant !== undefined) return { label: `${name} = ${constantWords(name, constant)}` };
    if (knotId === undefined) return { label: `${name} = constant  ${output.dim(hash)}` };
    const by = step === undefined ? `${knotId}, of which there is no record` : madeBy(steps[step]!, output);
    return { label: `${name} = ${by}  ${output.dim(hash)}`, step };
  });
  if (earlierStep !== undefined)
    branches.push({ label: `made before by ${madeBy(steps[earlierStep]!, output)}`, step: earlierStep });
  return [...failureLines(of).map((label) => ({ label })), ...branches];
}

/** A redacted constant may have a tagged form that cannot be decoded, so the constant is shown unchanged. */
function constantWords(name: string, constant: Json): string {
  try {
    return formatValue(name, decodeJson(constant));
  } catch (error) {
    if (!SelvageError.is(error, 'NotDecodable')) throw error;
    return JSON.stringify(constant);
  }
}

function madeBy(step: Step, output: Output): string {
  const { definition, definitionVersion, outcome, cachedFromRun } = step;
  const version = definitionVersion === undefined ? '' : ` ${definitionVersion}`;
  const what = definition === undefined ? '' : ` (${definition}${version})`;
  const from = cachedFromRun === undefined ? '' : `, taken over from run ${cachedFromRun}`;
  const note = step.repeated ? ', as above' : step.truncated ? ', and more: raise --limit' : '';
  const how = outcome === 'ok' ? '' : ` ${outcome}`;
  return `${output.bold(step.knotId)}${what}${how} of run ${step.runId}, ${formatTime(step.at)}${from}${note}`;
}

export const addImpact = makeVerb(impact, ({ hash, items, truncated }, { limit }, output) => {
  const having = items.filter(({ depth }) => depth === 0);
  const affected = items.filter(({ depth }) => depth > 0);
  const runs = new Set(affected.map(({ runId }) => runId)).size;
  const haves = having.map(({ runId, knotId, at }) => [runId, knotId, formatTime(at)]);
  const made = affected.map(({ runId, knotId, through = '', outputHash, outcome }) => [
    runId,
    knotId,
    through,
    outputHash ?? outcome,
  ]);
  return [
    `${output.bold(hash)} is the value of`,
    ...indented(formatTable(['RUN', 'KNOT', 'WHEN'], haves)),
    '',
    ...(affected.length === 0
      ? ['Nothing was made of it.']
      : [
          `${plural(affected.length, 'knot')} of ${plural(runs, 'run')} had it as an input, or what was made of it:`,
          ...indented(formatTable(['RUN', 'KNOT', 'VIA', 'VALUE'], made)),
        ]),
    ...(truncated ? ['', output.dim(`There is more: raise --limit (${limit}).`)] : []),
  ].join('\n');
});
