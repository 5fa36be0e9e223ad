import type { ExceptionRecord, Outcome, RunResult } from '../model/outcome';
import { formatDuration, formatValue, plural, shorten } from './format';
import type { Output } from './output';
import { countOutcomes } from './run-document';

const SHOWN_FAILURES = 20;

export interface Summary {
  readonly result: RunResult;
  /** Terminal name to knot id. */
  readonly terminals: Readonly<Record<string, string>>;
  /** Milliseconds that the run took. */
  readonly elapsed: number;
  readonly lineage: { readonly place: string; readonly command: string };
}

/** How a run ended, for people: the verdict, the terminals, the failures, and where to ask further. */
export function summarise({ result, terminals, elapsed, lineage }: Summary, output: Output): string {
  return [
    '',
    verdict(result, elapsed, output),
    ...terminalLines(result, terminals, output),
    ...failureLines(result, output),
    '',
    `${output.dim('Lineage')}  ${lineage.place}`,
    `         ${lineage.command}`,
  ].join('\n');
}

function verdict(result: RunResult, elapsed: number, output: Output): string {
  const { ok, err, skipped } = countOutcomes(result.outcomes);
  const word = result.status === 'succeeded' ? output.green('succeeded') : output.red(result.status);
  const counts = `${plural(ok, 'knot')} ok, ${err} failed, ${skipped} skipped`;
  const reason = result.error ? `\n${result.error.type}: ${result.error.message}` : '';
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
  if (Object.hasOwn(result.values, name)) return formatValue(result.values[name]);
  const outcome = result.outcomes[id];
  if (!outcome) return output.dim('no outcome');
  if (outcome.kind === 'ok') return output.dim('ok, its value cannot be read');
  if (outcome.kind === 'skipped') return output.yellow(skipText(outcome, result));
  return output.red('failed');
}

/** Follows skipped parents up to the knot that began it. */
function skipText(outcome: Extract<Outcome, { kind: 'skipped' }>, result: RunResult): string {
  if (outcome.reason === 'cancelled') return 'skipped: the run was cancelled';
  const seen = new Set<string>();
  const failed = new Set<string>();
  const queue = [...(outcome.detail?.parents ?? [])];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const parent = result.outcomes[id];
    if (parent?.kind === 'err') failed.add(id);
    else if (parent?.kind === 'skipped') queue.push(...(parent.detail?.parents ?? []));
  }
  return failed.size > 0 ? `skipped, because ${[...failed].join(', ')} failed` : `skipped: ${outcome.reason}`;
}

function failureLines(result: RunResult, output: Output): string[] {
  const failed = Object.entries(result.outcomes).flatMap(([id, outcome]) =>
    outcome.kind === 'err' ? [{ id, error: outcome.error }] : [],
  );
  if (failed.length === 0) return [];
  const lines = failed.slice(0, SHOWN_FAILURES).flatMap(({ id, error }) => failureText(id, error, output));
  const more = failed.length - SHOWN_FAILURES;
  return ['', output.bold('Failed'), ...lines, ...(more > 0 ? [`  and ${more} more`] : [])];
}

function failureText(id: string, error: ExceptionRecord, output: Output): string[] {
  const place = /^\s*at .*$/m.exec(error.traceback)?.[0].trim();
  const attempts = error.attempt > 1 ? ` (attempt ${error.attempt})` : '';
  return [
    `  ${output.red(id)}  ${error.type}: ${shorten(error.message, 500)}${attempts}`,
    ...(place ? [`    ${output.dim(place)}`] : []),
  ];
}
