import { originOf, type Dataset } from '../authoring/dataset';
import type { Plan, PlanKnot } from './plan';

interface ColumnOrigin extends Dataset {
  readonly field: string;
}

/** Origins of values, by column of the written data. */
export type ColumnOrigins = Readonly<Record<string, readonly ColumnOrigin[]>>;

/** Origins of the columns that a knot writes, as far as authors have stated them. Undefined if unknown. */
export function columnOrigins(plan: Plan, knot: PlanKnot): ColumnOrigins | undefined {
  const origins = new Map<string, ColumnOrigin[]>();
  for (const column of columnsOf(plan, knot)) {
    const found = new Map<string, ColumnOrigin>();
    for (const origin of originsOf(plan, knot, column, new Set()))
      found.set(`${origin.namespace}\n${origin.name}\n${origin.field}`, origin);
    if (found.size > 0) origins.set(column, [...found.values()]);
  }
  return origins.size > 0 ? Object.fromEntries(origins) : undefined;
}

/** The knot whose value this one writes, or the knot itself. */
export function madeBy(plan: Pick<Plan, 'knots'>, knot: PlanKnot): PlanKnot {
  const passed = passedOn(plan, knot);
  return passed ? madeBy(plan, passed) : knot;
}

export function columnsOf(plan: Plan, knot: PlanKnot): string[] {
  const { columns } = knot.data ?? {};
  if (columns) return Object.keys(columns);
  const passed = passedOn(plan, knot);
  return passed ? columnsOf(plan, passed) : [];
}

/** A gate and a path of a branch pass a value on, and a sink writes its input. */
function passedOn(plan: Pick<Plan, 'knots'>, { data, inputs, policy }: PlanKnot): PlanKnot | undefined {
  const passes = policy.node === 'gate' || policy.path !== undefined || data?.writes !== undefined;
  if (!passes || data?.reads || data?.columns) return undefined;
  const [only, ...others] = policy.path === undefined ? Object.values(inputs) : [inputs['input']!];
  return only && 'parent' in only && others.length === 0 ? plan.knots[only.parent] : undefined;
}

function* originsOf(plan: Plan, knot: PlanKnot, column: string, seen: Set<string>): Generator<ColumnOrigin> {
  const key = `${knot.id}\n${column}`;
  if (seen.has(key)) return;
  seen.add(key);
  const { data, inputs } = knot;
  const [read, ...others] = data?.reads ?? [];
  const isReadAlone = read !== undefined && others.length === 0;
  if (!data?.columns) {
    const passed = passedOn(plan, knot);
    if (isReadAlone) yield { ...read, field: column };
    else if (passed) yield* originsOf(plan, passed, column, seen);
    return;
  }
  const names = new Set(Object.keys(inputs));
  for (const text of data.columns[column] ?? []) {
    const [input, field] = originOf(text, names);
    if (input === undefined) {
      if (isReadAlone) yield { ...read, field };
      continue;
    }
    const from = inputs[input]!;
    if ('parent' in from) yield* originsOf(plan, plan.knots[from.parent]!, field, seen);
  }
}
