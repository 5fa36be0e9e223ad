import { effectiveOptions } from '../../src/authoring/options';
import type {
  DefinitionRecord,
  ErrorPolicy,
  InputRecord,
  KnotOptions,
  KnotRecord,
  TapestryOptions,
  TapestryRecord,
} from '../../src/authoring/records';

/** Builds tapestry records without the authoring functions, for tests of records that these would refuse. */
export function emptyTapestry(name = 'test', options: TapestryOptions<number> = {}): TapestryRecord {
  return { name, options, parameters: new Map(), knots: new Map(), terminals: undefined };
}

/** The identity of a definition, by its source. */
const codes = new Map<string, object>();

export function definition(name: string, more: Partial<DefinitionRecord> = {}): DefinitionRecord {
  const { source = `body of ${name}` } = more;
  if (!codes.has(source)) codes.set(source, {});
  return {
    name,
    receives: 'values',
    body: () => undefined,
    code: codes.get(source)!,
    source,
    options: {},
    ...more,
  };
}

export const parent = (knot: KnotRecord): InputRecord => ({ kind: 'parent', knot });
export const constant = (value: unknown): InputRecord => ({ kind: 'constant', value });

export function addParameter(
  tapestry: TapestryRecord,
  name: string,
  withDefault?: { value: unknown },
): KnotRecord {
  const knot: KnotRecord = { id: `param:${name}`, tapestry, inputs: new Map(), options: {} };
  const schema = {
    '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) },
  };
  tapestry.parameters.set(name, {
    name,
    knot,
    schema,
    hasDefault: withDefault !== undefined,
    default: withDefault?.value,
  });
  tapestry.knots.set(knot.id, knot);
  return knot;
}

export function addKnot(
  tapestry: TapestryRecord,
  id: string,
  of: DefinitionRecord,
  inputs: Readonly<Record<string, InputRecord>> = {},
  options: KnotOptions<ErrorPolicy, number> = {},
): KnotRecord {
  const knot: KnotRecord = {
    id,
    tapestry,
    definition: of,
    inputs: new Map(Object.entries(inputs)),
    options: effectiveOptions(tapestry.options, of.options, options),
  };
  tapestry.knots.set(id, knot);
  return knot;
}

/** Options that make some knots local. */
export const localWhere =
  (isLocal: (knot: number) => boolean) =>
  (knot: number): KnotOptions<ErrorPolicy, number> =>
    isLocal(knot) ? { dispatcher: { kind: 'local' } } : {};

/** A tapestry in which knot `i` takes `parentsOf[i]`, of lower numbers. The first `parameters` are parameters. */
export function tapestryOf(
  parentsOf: readonly (readonly number[])[],
  parameters = 0,
  optionsOf: (
    knot: number,
  ) => KnotOptions<ErrorPolicy, number> & { readonly optional?: boolean } = () => ({}),
): TapestryRecord {
  const tapestry = emptyTapestry();
  const step = definition('step');
  const knots: KnotRecord[] = [];
  parentsOf.forEach((list, index) => {
    if (index < parameters) {
      knots.push(addParameter(tapestry, `p${index}`));
      return;
    }
    const inputs = Object.fromEntries(list.map((from, place) => [`in${place}`, parent(knots[from]!)]));
    const { optional, ...options } = optionsOf(index);
    const of = optional ? definition('step', { optional: true }) : step;
    knots.push(addKnot(tapestry, `k${String(index).padStart(5, '0')}`, of, inputs, options));
  });
  return tapestry;
}

/** Each knot takes the previous one. */
export const chain = (size: number): number[][] =>
  Array.from({ length: size }, (_, knot) => (knot === 0 ? [] : [knot - 1]));

/** One knot, `width` knots that take it, and one knot that takes all of these. */
export function fanWithSum(width: number): number[][] {
  const middle = Array.from({ length: width }, () => [0]);
  return [[], ...middle, Array.from({ length: width }, (_, index) => index + 1)];
}

/** Each knot takes its neighbours above and to the left. */
export function grid(rows: number, columns: number): number[][] {
  const parentsOf: number[][] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const knot = row * columns + column;
      parentsOf.push([...(row > 0 ? [knot - columns] : []), ...(column > 0 ? [knot - 1] : [])]);
    }
  }
  return parentsOf;
}
