import { SelvageError } from '../../errors';
import type { Absence, Knot, KnotOf, KnotConfig, MaybeAbsent } from '../knot';
import type { KnotContext } from '../knot-context';
import { nearestName } from '../names';
import { shown } from '../checks';
import { place } from '../place';
import type { DefinitionRecord } from '../records';
import { PlacedNode } from './placed-node';

/** The type of a field or element; `never` if the value has no such part. */
type Field<T, Name extends string> = T extends readonly (infer E)[]
  ? Name extends `${number}`
    ? E
    : never
  : Name extends keyof T
    ? T[Name]
    : never;

/** The type at a path such as `address.city`; `never` if there is no such field. */
export type ValueAt<T, Path extends string> = unknown extends T
  ? unknown
  : Path extends `${infer First}.${infer Rest}`
    ? ValueAt<Field<T, First>, Rest>
    : Field<T, Path>;

export interface PickOptions<T, Path extends string, Why = unknown> {
  readonly from: Knot<T> & MaybeAbsent<Why>;
  /** Path of the part as field names and indexes, joined by dots: `address.city`, `orders.0.total`. */
  readonly path: [ValueAt<T, Path>] extends [never] ? `There is no field "${Path}"` : Path;
}

/** Like {@link PickOptions}, with a list as path, for names that contain dots. The value of such a pick is untyped. */
export interface PickSteps<Why = unknown> {
  readonly from: Knot<any> & MaybeAbsent<Why>;
  readonly path: readonly (string | number)[];
}

/**
 * Places a knot whose value is a part of another's: `pick({ from: user, path: 'address.city' }, { id: 'city' })`.
 * The knot fails with `UnknownField` if the value lacks that part. To combine two parts, write a knot of your own.
 *
 * @throws SelvageError InvalidConfig, and those of placing a definition
 */
export function pick<T, const Path extends string, const Id extends string, Why extends Absence = never>(
  options: PickOptions<T, Path, Why>,
  config: KnotConfig<Id>,
): KnotOf<ValueAt<T, Path>, Id, Why>;
export function pick<const Id extends string, Why extends Absence = never>(
  options: PickSteps<Why>,
  config: KnotConfig<Id>,
): KnotOf<unknown, Id, Why>;
export function pick(
  options: { readonly from?: unknown; readonly path?: unknown },
  config: KnotConfig,
): Knot<any> {
  const node = new PlacedNode('pick', config);
  node.requireKeys(options, ['from', 'path']);
  const { from, path } = options;
  node.requireKnot('from', from);
  const steps = stepsOf(path);
  if (steps === undefined) {
    throw node.refusal(
      path === undefined ? 'MissingPart' : 'WrongValue',
      `has "path", which is ${shown(path)}`,
      "Give names of fields and places of lists: 'address.city', or ['address', 'city'].",
    );
  }
  return place(PICK, { from, path: steps }, config);
}

/** @internal The steps of a path; undefined if it is not a path. */
export function stepsOf(path: unknown): string[] | undefined {
  const steps: unknown = typeof path === 'string' ? path.split('.') : path;
  if (!Array.isArray(steps) || steps.length === 0) return undefined;
  const texts = steps.map((step) =>
    Number.isSafeInteger(step) && step >= 0 ? String(step) : (step as unknown),
  );
  return texts.every((step): step is string => typeof step === 'string' && step !== '') ? texts : undefined;
}

function pickPart(
  { from, path }: { from: unknown; path: readonly string[] },
  { knotId }: KnotContext,
): unknown {
  let at = from;
  path.forEach((step, index) => {
    if (hasPart(at, step)) {
      at = (at as Record<string, unknown>)[step];
      return;
    }
    const before = index === 0 ? 'the value' : `"${path.slice(0, index).join('.')}"`;
    const isObject = typeof at === 'object' && at !== null;
    const nearest = isObject && !Array.isArray(at) ? nearestName(step, Object.keys(at as object)) : undefined;
    const what = Array.isArray(at)
      ? `is a list of ${at.length}`
      : isObject
        ? 'has no such field'
        : `is ${at === null ? 'null' : `of type ${typeof at}`}`;
    throw new SelvageError(
      'UnknownField',
      `Knot "${knotId}" picks "${path.join('.')}", and there is no "${step}": ${before} ${what}` +
        `${nearest === undefined ? '' : ` (did you mean "${nearest}"?)`}. Give the knot that yields it an output schema to have the path checked before a run.`,
      { details: { knot: knotId, path: path.join('.'), step } },
    );
  });
  return at;
}

function hasPart(value: unknown, step: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value)
    ? /^\d+$/.test(step) && Number(step) < value.length
    : Object.hasOwn(value, step);
}

const PICK: DefinitionRecord = new PlacedNode('pick').definition({}, pickPart);
