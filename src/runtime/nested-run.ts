import { countFailures, failsWorkflow } from '../scheduler';
import type { Layout } from '../plan';
import { SelvageError } from '../errors';
import type { LoadedPlan } from './loaded-plan';

/** A run started by a knot of another run, as named in that knot's record. */
export interface ChildRunRef {
  readonly run_id: string;
  readonly temporal_run_id: string;
}

/** A run started by a knot, after its end. */
export interface NestedRun {
  readonly ref: ChildRunRef;
  readonly plan: LoadedPlan;
  /** Why the run was cut short or never began. Absent if it completed. */
  readonly error?: NamedError;
  /** Failed knots of a failed run, except optional ones, in plan order. */
  readonly failed: readonly (NamedError & { readonly knot: string })[];
  /** Values of the run's Ok terminals, by knot id. */
  readonly values: ReadonlyMap<string, unknown>;
}

interface NamedError {
  readonly type: string;
  readonly message: string;
}

const NAMED_TERMINALS = 5;

type EndOfKnot<V> =
  | { readonly kind: 'ok'; readonly value: V }
  | { readonly kind: 'err'; readonly error: NamedError }
  | { readonly kind: 'skipped' };

/** A nested run in this process, after its end. @param settled by index in the layout */
export function nestedRunOf<V>(
  ref: ChildRunRef,
  plan: LoadedPlan,
  layout: Layout,
  settled: readonly EndOfKnot<V>[],
  valueOf: (value: V) => unknown,
): NestedRun {
  const failures = countFailures(layout, (knot) => settled[knot]!.kind);
  const hasFailed = failsWorkflow(layout.failOn, failures);
  const failed: NestedRun['failed'][number][] = [];
  const values = new Map<string, unknown>();
  const terminals = new Set(layout.terminals);
  settled.forEach((outcome, index) => {
    const knot = layout.ids[index]!;
    if (outcome.kind === 'ok' && terminals.has(index)) values.set(knot, valueOf(outcome.value));
    if (outcome.kind !== 'err' || !hasFailed || plan.knot(knot).policy.optional) return;
    failed.push({ knot, type: outcome.error.type, message: outcome.error.message });
  });
  return { ref, plan, failed, values };
}

/** An iteration's values that are parameters of the next one. */
export function parametersAmong(
  { plan }: LoadedPlan,
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const names = plan.parameters.flatMap(({ name }) => (Object.hasOwn(values, name) ? [name] : []));
  return Object.fromEntries(names.map((name) => [name, values[name]]));
}

/** Terminals' values by name, equal to `run.values()` of that run. @throws SelvageError `SubRunFailed` */
export function valuesOfNested({ ref, plan, error, failed, values }: NestedRun): Record<string, unknown> {
  const [first] = failed;
  if (error) throw subRunFailed(ref, plan, error.message, error);
  if (first) {
    const others = failed.length > 1 ? ` (and ${failed.length - 1} more)` : '';
    const why = `knot "${first.knot}" failed with ${first.type}: ${first.message}${others}`;
    throw subRunFailed(ref, plan, why, first);
  }
  const byName: [string, unknown][] = [];
  const missing: string[] = [];
  for (const [name, id] of Object.entries(plan.terminals())) {
    if (values.has(id)) byName.push([name, values.get(id)]);
    else if (!plan.mayHaveNoValue(id)) missing.push(`"${name}"`);
  }
  if (missing.length === 0) return Object.fromEntries(byName);
  const others = missing.length - NAMED_TERMINALS;
  const named = missing.slice(0, NAMED_TERMINALS).join(', ') + (others > 0 ? ` and ${others} more` : '');
  throw subRunFailed(ref, plan, `${named} had to be skipped`);
}

function subRunFailed(ref: ChildRunRef, { plan }: LoadedPlan, why: string, cause?: NamedError): SelvageError {
  return new SelvageError(
    'SubRunFailed',
    `Run "${ref.run_id}" of the tapestry "${plan.tapestry}" did not come to its values: ${why}`,
    {
      details: { run: ref.run_id, tapestry: plan.tapestry },
      ...(cause && { cause: Object.assign(new Error(cause.message), { name: cause.type }) }),
    },
  );
}
