import { docsOf, isErrorCode } from '../../errors';
import { causeLines } from '../../runtime';
import { redactText } from '../../values/redact';
import { attemptWords, canDebug, causesOf, type FailureCause } from '../../visualisation/failures';
import type { Err, RunResult } from '../../authoring/outcome';
import { formatDuration, formatError, formatValue, plural, shorten } from '../output/format';
import type { Output } from '../output/output';
import { countOutcomes } from './run-document';
import type { RunNotes } from './run-notes';

const SHOWN_FAILURES = 20;
const SHOWN_ORIGINS = 200;

export interface Summary {
  readonly result: RunResult;
  /** Knot ids by terminal name. */
  readonly terminals: Readonly<Record<string, string>>;
  /** Duration of the run in milliseconds. */
  readonly elapsed: number;
  readonly lineage: { readonly location: string; readonly command: string };
  readonly notes: RunNotes;
  /** The command that resumes the run; absent if there is nothing to resume, or it was resumed. */
  readonly resume?: string | undefined;
  /** The command that compares a failed run with the last one that succeeded. */
  readonly compare?: string | undefined;
  /** The command that runs a knot again by itself. */
  readonly debug?: ((knot: string) => string) | undefined;
}

/** The verdict, the terminals, the failures, and where to ask further. */
export function summarise(summary: Summary, output: Output): string {
  const { result, terminals, elapsed } = summary;
  return [
    '',
    verdict(result, elapsed, output),
    ...terminalLines(result, terminals, output),
    ...failureLines(result, output),
    ...changedCodeLines(result, output),
    '',
    ...footer(summary, output),
  ].join('\n');
}

function footer({ result, notes, resume, compare, debug, lineage }: Summary, output: Output): string[] {
  const { failedElements, reused } = notes;
  const shown = failedElements.slice(0, SHOWN_FAILURES).map(describeFailedElements);
  const more = failedElements.length - shown.length;
  const rows: (readonly [name: string, lines: readonly string[]])[] = [];
  if (shown.length > 0) {
    const which = [...(more > 0 ? [`and ${plural(more, 'map')} more`] : [])];
    rows.push(['Elements', [...shown, ...which]]);
  }
  if (reused) rows.push(['Reused', [describeReused(reused)]]);
  const docs = docsOfFailure(result);
  if (docs !== undefined) rows.push(['Docs', [docs]]);
  if (resume !== undefined && isResumable(result)) rows.push(['Resume', [resume]]);
  const [first] = causesIn(result);
  if (compare !== undefined && result.status === 'failed') rows.push(['Compare', [compare]]);
  if (debug && first && canDebug(first)) rows.push(['Debug', [debug(first.knotId)]]);
  rows.push(['Lineage', [lineage.location, lineage.command]]);
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.flatMap(([name, lines]) =>
    lines.map(
      (line, index) => `${index === 0 ? output.dim(name.padEnd(width)) : ' '.repeat(width)}  ${line}`,
    ),
  );
}

/**
 * The documentation of the run's own error, or of the first failed knot's; undefined if its type is no code of ours.
 */
function docsOfFailure({ error, outcomes }: RunResult): string | undefined {
  const types = Object.values(outcomes).flatMap((outcome) =>
    outcome.kind === 'err' ? [outcome.error.type] : [],
  );
  const type = error?.type ?? types[0];
  return isErrorCode(type) ? docsOf(type) : undefined;
}

function describeFailedElements({
  knotId,
  failed,
  count,
  onError,
}: RunNotes['failedElements'][number]): string {
  const what = onError === 'skip' ? 'failed and were left out' : 'failed and are in its value as outcomes';
  return `${failed} of ${count} of ${knotId} ${what} (onError: '${onError}')`;
}

function describeReused({ knots, elements, savedMs }: NonNullable<RunNotes['reused']>): string {
  const what = [
    ...(knots > 0 ? [plural(knots, 'knot')] : []),
    ...(elements > 0 ? [`${plural(elements, 'element')} of maps`] : []),
  ];
  return `${what.join(' and ')}, which saved ${formatDuration(savedMs)}`;
}

/** A run that never began, or had invalid parameters, has no outcomes to take over. */
function isResumable({ status, error, outcomes }: RunResult): boolean {
  const hasBegun = Object.keys(outcomes).length > 0 && error?.type !== 'InvalidParameters';
  return status !== 'succeeded' && status !== 'running' && hasBegun;
}

function verdict(result: RunResult, elapsed: number, output: Output): string {
  const { ok, err, skipped } = countOutcomes(result.outcomes);
  const word = result.status === 'succeeded' ? output.green('succeeded') : output.red(result.status);
  const counts = `${plural(ok, 'knot')} ok, ${err} failed, ${skipped} skipped`;
  const reason = result.error ? redactText(`\n${result.error.type}: ${result.error.message}`) : '';
  return `Run ${output.bold(result.runId)} ${word} in ${formatDuration(elapsed)}: ${counts}${reason}`;
}

function terminalLines(result: RunResult, terminals: Summary['terminals'], output: Output): string[] {
  const names = Object.keys(terminals);
  const width = Math.max(0, ...names.map((name) => name.length));
  return names.map((name) => {
    const id = terminals[name]!;
    return `  ${name.padEnd(width)}  ${terminalText(name, id, result, output)}`;
  });
}

function terminalText(name: string, id: string, result: RunResult, output: Output): string {
  if (Object.hasOwn(result.values, name)) return formatValue(name, result.values[name]);
  const outcome = result.outcomes[id];
  if (!outcome) return output.dim('no outcome');
  if (outcome.kind === 'ok') return output.dim('ok, its value cannot be read');
  if (outcome.kind === 'skipped') return output.yellow(skipText(id, result));
  return output.red('failed');
}

function changedCodeLines({ changedCode }: RunResult, output: Output): string[] {
  if (!changedCode) return [];
  const names = changedCode.join(', ');
  return [
    '',
    output.yellow(`The code of ${names} was changed after the run was started, and ran as changed.`),
  ];
}

/** Follows skipped parents up to the knots that caused the skips. */
function skipText(id: string, result: RunResult): string {
  const seen = new Set<string>();
  const origins = new Map<string, string[]>();
  const queue = [id];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    const outcome = result.outcomes[at];
    if (!outcome || outcome.kind === 'ok') continue;
    const parents = (outcome.kind === 'skipped' && outcome.detail?.parents) || [];
    const isOrigin = outcome.kind === 'err' || outcome.reason !== 'parent_failed_or_skipped';
    const why = outcome.kind === 'err' ? 'failed' : ORIGINS[outcome.reason];
    const isGate = outcome.kind === 'skipped' && outcome.reason === 'gate_closed';
    if (isOrigin) origins.set(why, [...(origins.get(why) ?? []), isGate ? `gate ${at}` : at]);
    else queue.push(...parents);
  }
  if (origins.has(ORIGINS.cancelled)) return 'skipped: the run was cancelled';
  const reasons = [...origins].map(([why, ids]) => `${shorten(ids.join(', '), SHOWN_ORIGINS)} ${why}`);
  return reasons.length > 0 ? `skipped, because ${reasons.join(' and ')}` : 'skipped';
}

/** Verbs for knots that cause skips, by the reason of the skip. */
const ORIGINS = {
  gate_closed: 'closed',
  branch_not_selected: 'was not selected',
  no_alternative: 'found no alternative that is ok',
  optional: 'failed',
  cancelled: 'was cancelled',
  parent_failed_or_skipped: 'was skipped',
} as const;

/** Groups failures, in the order of their first ones. */
function causesIn({ outcomes, graph }: RunResult): FailureCause[] {
  const knots = new Map(graph.knots.map((knot) => [knot.id, knot]));
  return causesOf(
    Object.entries(outcomes).flatMap(([knotId, outcome]) => {
      if (outcome.kind !== 'err') return [];
      const { kind, maximumAttempts, state } = knots.get(knotId) ?? {};
      const { error } = outcome;
      return [
        { knotId, kind, error, attempt: error.attempt, maximumAttempts, finishedAt: state?.finishedAt ?? 0 },
      ];
    }),
  );
}

function failureLines(result: RunResult, output: Output): string[] {
  const causes = causesIn(result);
  if (causes.length === 0) return [];
  const lines = causes.slice(0, SHOWN_FAILURES).flatMap((cause) => causeText(cause, result, output));
  const more = causes.length - SHOWN_FAILURES;
  return ['', output.bold('Failed'), ...lines, ...(more > 0 ? [`  and ${more} more`] : [])];
}

function causeText(cause: FailureCause, { outcomes }: RunResult, output: Output): string[] {
  const [first, ...others] = cause.knots;
  const { error } = outcomes[first!] as Err;
  const attempt = attemptWords(cause);
  const more = others.length - SHOWN_FAILURES;
  const named = [...others.slice(0, SHOWN_FAILURES), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
  return [
    `  ${output.red(first!)}  ${formatError(error, 500)}${attempt && ` (${attempt})`}`,
    ...causeLines(error).map((line) => `    ${output.dim(redactText(line))}`),
    ...(others.length > 0 ? [`    the same error in ${plural(others.length, 'other knot')}: ${named}`] : []),
  ];
}
