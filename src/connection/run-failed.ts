import { RunFailed } from '../errors';
import { causeLines, type LoadedPlan } from '../runtime';
import type { RunResult } from '../authoring/outcome';
import type { RunRecord } from '../ports';

/** The error of `run.values()`: names the first failed knot, or the terminals without a value. */
export function runFailed<Values>(
  { terminals }: RunRecord,
  result: RunResult<Values>,
  plan: LoadedPlan,
): RunFailed<RunResult<Values>> {
  const failed = Object.entries(result.outcomes).flatMap(([id, outcome]) =>
    outcome.kind === 'err' && plan.knot(id).policy.optional !== true ? [{ ...outcome.error, id }] : [],
  );
  const missing = Object.entries(terminals)
    .filter(([name, id]) => !Object.hasOwn(result.values, name) && !plan.mayHaveNoValue(id))
    .map(([name]) => name);
  const [first] = failed;
  const owed = withoutValue(missing);
  const others = failed.length > 1 ? ` (and ${failed.length - 1} more)` : '';
  const why = first
    ? `knot "${first.id}" failed with ${first.type}: ${first.message}${others}${causeLines(first)
        .map((line) => `\n  ${line}`)
        .join('')}`
    : (result.error?.message ?? (result.succeeded ? owed : `it was ${result.status}`));
  return new RunFailed(
    `Run "${result.runId}" did not ${result.succeeded ? 'come to all its values' : 'succeed'}: ${why}`,
    result,
    {
      run: result.runId,
      status: result.status,
      failed: failed.map(({ id }) => id),
    },
  );
}

function withoutValue(terminals: readonly string[]): string {
  const named = terminals.slice(0, 5).map((name) => `"${name}"`);
  const others = terminals.length - named.length;
  return `${named.join(', ')}${others > 0 ? ` and ${others} more` : ''} had to be skipped`;
}
