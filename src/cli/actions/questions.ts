import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { inspect } from 'node:util';
import { encodeJson } from '../../canonical';
import { SelvageError } from '../../errors';
import { causeLines, decodeStored, errorLine } from '../../execution';
import {
  diffRuns,
  impact,
  mapOfElement,
  resolveHash,
  why,
  type AffectedKnot,
  type DifferenceCause,
  type KnotDifference,
  type Origin,
  type RunDifference,
} from '../../lineage';
import type { Backends, ErrorCause, LineageRecord } from '../../protocols';
import { scrubOf } from '../../retention';
import type { ValueOptions, WalkOptions, WhyCommandOptions } from '../commands/questions';
import { foldElements } from '../element-ranges';
import { EXIT } from '../exit-codes';
import { formatTable, formatTime, plural, shorten } from '../format';
import type { Output } from '../output';
import { commandLine } from '../own-command';
import { withRecords } from '../with-records';

/** `selvage diff`. */
export async function diff(
  first: string,
  second: string,
  { limit, ...options }: WalkOptions,
  output: Output,
): Promise<number> {
  return await withRecords(options, async ({ runHistory }) => {
    const difference = await diffRuns(runHistory, first, second);
    const { differences } = difference;
    const different = differences.length;
    if (output.json) output.document({ ...difference, different, differences: differences.slice(0, limit) });
    else output.say(describeDifference(difference, limit, output));
    return different === 0 ? EXIT.ok : EXIT.runFailed;
  });
}

/** `selvage why`. */
export async function explainValue(
  hash: string,
  { run, limit, ...options }: WhyCommandOptions,
  output: Output,
): Promise<number> {
  return await withRecords(options, async ({ runHistory }) => {
    const origin = await why(runHistory, hash, { limit, ...(run !== undefined && { runId: run }) });
    if (output.json) output.document(origin);
    else output.say(originLines(origin, output).join('\n'));
    return EXIT.ok;
  });
}

/** `selvage impact`. */
export async function showImpact(
  hash: string,
  { limit, ...options }: WalkOptions,
  output: Output,
): Promise<number> {
  return await withRecords(options, async ({ runHistory }) => {
    const found = await impact(runHistory, hash, { limit });
    if (output.json) output.document(found);
    else {
      const runs = new Set(found.affected.map(({ record }) => record.temporal_run_id)).size;
      output.say(
        [
          `${output.bold(found.having[0]!.output_hash!)} is the value of`,
          ...indented(formatTable(['RUN', 'KNOT', 'WHEN'], found.having.map(havingRow))),
          '',
          ...(found.affected.length === 0
            ? ['Nothing was made of it.']
            : [
                `${plural(found.affected.length, 'knot')} of ${plural(runs, 'run')} had it as an input, or what was made of it:`,
                ...indented(
                  formatTable(['RUN', 'KNOT', 'THROUGH', 'VALUE'], found.affected.map(affectedRow)),
                ),
              ]),
          ...(found.isCut ? ['', output.dim(`There is more: raise --limit (${limit}).`)] : []),
        ].join('\n'),
      );
    }
    return EXIT.ok;
  });
}

/** `selvage value`. */
export async function showValue(given: string, options: ValueOptions, output: Output): Promise<number> {
  return await withRecords(options, async ({ dataStore, runHistory }) => {
    const hash = await resolveHash(runHistory, given);
    if (options.out !== undefined) {
      await pipeline(await streamOf({ dataStore, runHistory }, hash), createWriteStream(options.out));
      output.say(`${hash} is in ${options.out}.`);
      if (output.json) output.document({ hash, file: options.out });
      return EXIT.ok;
    }
    const bytes = await dataStore.get(hash);
    if (!bytes) throw await notThere({ dataStore, runHistory }, hash);
    const value = decodeStored(hash, bytes);
    if (output.json) output.document({ hash, size: bytes.byteLength, value: encodeJson(value) });
    else if (value instanceof Uint8Array)
      output.say(`${plural(value.byteLength, 'byte')}. Save them with --out FILE.`);
    else output.say(inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null }));
    return EXIT.ok;
  });
}

async function streamOf(backends: Kept, hash: string): Promise<AsyncIterable<Uint8Array>> {
  const stream = await backends.dataStore.getStream(hash);
  if (!stream) throw await notThere(backends, hash);
  return stream;
}

type Kept = Pick<Backends, 'dataStore' | 'runHistory'>;

async function notThere(backends: Kept, hash: string): Promise<SelvageError> {
  const { technology } = backends.dataStore;
  const scrubbed = await scrubOf(backends, hash);
  if (scrubbed) {
    const { at, by, reason } = scrubbed;
    return new SelvageError(
      'ValueMissing',
      `The value ${hash} was scrubbed${by === null ? '' : ` by ${by}`} at ${formatTime(at)}${reason === null ? '' : ` (${reason})`}. Its lineage is ` +
        'there (`selvage why`); to make it anew, run what made it again.',
      { details: { hash, scrubbed } },
    );
  }
  if (!(await backends.runHistory.referredTo([hash])).has(hash)) {
    return new SelvageError(
      'UnknownValue',
      `The data store (${technology}) has no value ${hash}, and no record names it. Look for the hash with \`selvage runs show RUN\` or \`selvage lineage\`, ` +
        'and whether these are the backends that you mean: `selvage doctor`.',
      { details: { hash } },
    );
  }
  return new SelvageError(
    'ValueMissing',
    `The data store (${technology}) has the value ${hash} no more, which records name. It was removed (\`selvage gc\`, \`selvage scrub\`), or it is in another store: \`selvage doctor\` shows which one this is.`,
    { details: { hash } },
  );
}

const CAUSES: Readonly<Record<DifferenceCause, (difference: KnotDifference) => string>> = {
  parameter: () => 'it was given something else',
  definition: ({ first, second }) =>
    `it is a ${first!.knot_class} in one and a ${second!.knot_class} in the other`,
  version: ({ first, second }) =>
    `its definition has version ${first!.definition_version ?? 'none'} and ${second!.definition_version ?? 'none'}`,
  code: () => 'the code of its body has changed',
  constants: ({ inputs }) => `its constants differ (${inputs.join(', ')})`,
  policy: () => 'its options differ',
  wiring: ({ inputs }) => `its inputs come from other knots (${inputs.join(', ')})`,
  inputs: ({ inputs }) => `it was given other values of its parents (${inputs.join(', ')})`,
  parents: () => 'its parents differ',
  signal: ({ first, second }) =>
    first!.outcome === second!.outcome
      ? 'the signal that it took brought something else'
      : 'the signal that it waits for came in one of the runs only',
  'child-run': ({ first, second }) =>
    `the run that it started came to something else: ${commandLine(['diff', childRun(first!), childRun(second!)])}`,
  failure: () => 'on the same inputs, the same code did not come to the same end',
  'not-repeatable': () =>
    'on the same inputs, the same code gave something else: its body depends on more than its inputs',
  'only-in-first': () => 'the second run has no such knot',
  'only-in-second': () => 'the first run has no such knot',
};

function childRun({ extra }: LineageRecord): string {
  return (extra as { child_run: { run_id: string } }).child_run.run_id;
}

function describeDifference(
  { first, second, equal, differences }: RunDifference,
  limit: number,
  output: Output,
): string {
  const runs = [first, second].map(
    ({ run_id, tapestry, status }) => `${output.bold(run_id)} (${tapestry}, ${status})`,
  );
  const origins = alikeIn(differences.filter(({ isFirst }) => isFirst));
  const followers = foldElements(differences.flatMap(({ knotId, isFirst }) => (isFirst ? [] : [knotId])));
  const shown = origins.slice(0, limit);
  const below = followers.slice(0, Math.max(0, limit - shown.length));
  const more = origins.length + followers.length - shown.length - below.length;
  return [
    runs.join(' and '),
    differences.length === 0
      ? `All ${plural(equal, 'knot')} came to the same.`
      : `${plural(equal, 'knot')} came to the same, ${differences.length} did not. First of all:`,
    ...shown.flatMap((alike) => differenceLines(alike, output)),
    ...(below.length > 0 ? ['', `Below them: ${below.join(', ')}`] : []),
    ...(more > 0 ? ['', output.dim(`And ${more} more: raise --limit (${limit}).`)] : []),
  ].join('\n');
}

/** Differences for one reason: one, or several elements of one map. */
type Alike = readonly [KnotDifference, ...KnotDifference[]];

/** Elements of a map that differ for the same reason are told together. */
function alikeIn(differences: readonly KnotDifference[]): Alike[] {
  const alike = new Map<string, [KnotDifference, ...KnotDifference[]]>();
  for (const difference of differences) {
    const { knotId, first, second, causes, inputs } = difference;
    const map = mapOfElement(knotId);
    const reason = [causes, inputs, first?.outcome, second?.outcome];
    const key = JSON.stringify(map === undefined ? [knotId] : [map, reason]);
    const others = alike.get(key);
    if (others) others.push(difference);
    else alike.set(key, [difference]);
  }
  return [...alike.values()];
}

function differenceLines(alike: Alike, output: Output): string[] {
  const [difference] = alike;
  const { first, second, causes } = difference;
  const [name] = foldElements(alike.map(({ knotId }) => knotId));
  const count = alike.length > 1 ? ` (${alike.length} elements; the first of them is shown)` : '';
  return [
    `  ${output.bold(name!)}  ${causes.map((cause) => CAUSES[cause](difference)).join('; ')}${count}`,
    ...[first, second].map((record) => `    ${record ? endOf(record) : output.dim('not there')}`),
  ];
}

function endOf(record: LineageRecord): string {
  if (record.output_hash !== null) return `ok       ${record.output_hash} (${record.output_size ?? 0} B)`;
  if (record.outcome === 'skipped') return `skipped  ${record.skip_reason ?? ''}`;
  const { error } = record.extra as { error?: { type: string; message: string } };
  return `failed   ${error ? shorten(`${error.type}: ${error.message}`, 300) : ''}`;
}

function originLines(origin: Origin, output: Output): string[] {
  const { record } = origin;
  return [
    `${output.bold(record.output_hash ?? record.outcome)} (${record.output_size ?? 0} B)`,
    ...branch({ label: `made by ${madeBy(origin, output)}`, origin }, '', output),
  ];
}

interface Branch {
  readonly label: string;
  readonly origin?: Origin;
}

/** A branch of the tree and what hangs from it, each line behind what stands left of it. */
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

function branchesOf({ record, inputs, madeBefore, terminals = [] }: Origin, output: Output): Branch[] {
  const branches = [...inputs, ...terminals].map(({ name, hash, knotId, origin }): Branch => {
    const value = hash ?? 'no value';
    if (knotId === undefined) return { label: `${name} = constant  ${output.dim(value)}` };
    const by = origin ? madeBy(origin, output) : `${knotId}, of which there is no record`;
    return { label: `${name} = ${by}  ${output.dim(value)}`, ...(origin && { origin }) };
  });
  if (madeBefore) {
    branches.push({ label: `made before by ${madeBy(madeBefore, output)}`, origin: madeBefore });
  }
  return [...failureLines(record).map((label) => ({ label })), ...branches];
}

/** Why it failed, and what led to that. */
function failureLines({ extra }: LineageRecord): string[] {
  const { error } = extra as { error?: ErrorCause };
  return error ? [errorLine(error), ...causeLines(error)] : [];
}

function madeBy({ record, repeats, isCut }: Origin, output: Output): string {
  const version = record.definition_version === null ? '' : ` ${record.definition_version}`;
  const what = record.knot_class === 'parameter' ? '' : ` (${record.knot_class}${version})`;
  const from = record.cached_from_run === null ? '' : `, taken over from run ${record.cached_from_run}`;
  const note = repeats ? ', as above' : isCut ? ', and more: raise --limit' : '';
  const outcome = record.outcome === 'ok' ? '' : ` ${record.outcome}`;
  return `${output.bold(record.knot_id)}${what}${outcome} of run ${record.run_id}, ${formatTime(record.finished_at)}${from}${note}`;
}

function havingRow(record: LineageRecord): string[] {
  return [record.run_id, record.knot_id, formatTime(record.finished_at)];
}

function affectedRow({ record, through }: AffectedKnot): string[] {
  return [record.run_id, record.knot_id, through.join(', '), record.output_hash ?? record.outcome];
}

function indented(text: string): string[] {
  return text.split('\n').map((line) => `  ${line}`);
}
