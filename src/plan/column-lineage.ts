import { originOf, type Dataset } from '../authoring/dataset';
import type { PlanField } from './fields';
import type { Plan, PlanKnot } from './plan';

interface ColumnOrigin extends Dataset {
  readonly field: string;
  /** Set if knots only pass the column on, from the dataset to the one that is written. Absent: unknown. */
  readonly isSame?: true;
}

const SELECT = 'selvage.select';

type Wired = Pick<Plan, 'knots' | 'definitions'>;

/** Origins of values, by column of the written data. */
export type ColumnOrigins = Readonly<Record<string, readonly ColumnOrigin[]>>;

/** Origins of the columns that a knot writes, as far as authors have stated them. Undefined if unknown. */
export function columnOrigins(plan: Plan, knot: PlanKnot): ColumnOrigins | undefined {
  const origins = new Map<string, ColumnOrigin[]>();
  const stated = columnsOf(plan, knot);
  const columns = stated.length > 0 ? stated : (knot.data?.fields ?? []).map(({ name }) => name);
  for (const column of columns) {
    const found = new Map<string, ColumnOrigin>();
    for (const origin of originsOf(plan, knot, column, { seen: new Set(), isSame: true }))
      found.set(`${origin.namespace}\n${origin.name}\n${origin.field}`, origin);
    if (found.size > 0) origins.set(column, [...found.values()]);
  }
  return origins.size > 0 ? Object.fromEntries(origins) : undefined;
}

/**
 * The columns of the data that a knot hands on, writes or reads.
 *
 * @param ownFields the columns of the value that a knot makes
 */
export function dataFields(
  plan: Wired,
  knot: PlanKnot,
  ownFields: (knot: PlanKnot) => readonly PlanField[] | undefined,
): readonly PlanField[] | undefined {
  const passed = passedOn(plan, knot);
  const fields = passed ? dataFields(plan, passed, ownFields) : ownFields(knot);
  const selected = selectedBy(plan, knot);
  return selected?.map((name) => fields?.find((field) => field.name === name) ?? { name }) ?? fields;
}

export function columnsOf(plan: Wired, knot: PlanKnot): readonly string[] {
  const { columns } = knot.data ?? {};
  if (columns) return Object.keys(columns);
  const passed = passedOn(plan, knot);
  return selectedBy(plan, knot) ?? (passed ? columnsOf(plan, passed) : []);
}

/** The columns of a knot that selects some of a table, its input `from`. */
export function selectedBy(
  { definitions }: Wired,
  { definition, inputs }: PlanKnot,
): readonly string[] | undefined {
  const { columns } = inputs;
  if (definitions[definition]?.name !== SELECT || !columns || !('constant' in columns)) return undefined;
  return columns.constant as readonly string[];
}

/** A gate, a path of a branch and a selection pass a value on, and a sink writes its input. */
function passedOn(plan: Wired, knot: PlanKnot): PlanKnot | undefined {
  const { data, inputs, policy } = knot;
  const isSelection = selectedBy(plan, knot) !== undefined;
  const passes =
    policy.node === 'gate' || policy.path !== undefined || data?.writes !== undefined || isSelection;
  if (!passes || data?.reads || data?.columns) return undefined;
  const name = policy.path !== undefined ? 'input' : isSelection ? 'from' : undefined;
  const [only, ...others] = name === undefined ? Object.values(inputs) : [inputs[name]!];
  return only && 'parent' in only && others.length === 0 ? plan.knots[only.parent] : undefined;
}

interface Walk {
  readonly seen: Set<string>;
  readonly isSame: boolean;
}

function* originsOf(
  plan: Wired,
  knot: PlanKnot,
  column: string,
  { seen, isSame }: Walk,
): Generator<ColumnOrigin> {
  const key = `${knot.id}\n${column}`;
  if (seen.has(key)) return;
  seen.add(key);
  const { data, inputs } = knot;
  const [read, ...others] = data?.reads ?? [];
  const isReadAlone = read !== undefined && others.length === 0;
  if (!data?.columns) {
    const passed = passedOn(plan, knot);
    if (isReadAlone) yield { ...read, field: column, ...(isSame && { isSame }) };
    else if (passed && selectedBy(plan, knot)?.includes(column) !== false)
      yield* originsOf(plan, passed, column, { seen, isSame });
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
    if ('parent' in from) yield* originsOf(plan, plan.knots[from.parent]!, field, { seen, isSame: false });
  }
}
