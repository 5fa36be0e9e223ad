import { defined, isObject } from '../../values';
import type { Encodable } from '../encodable';
import { checkInputNames } from '../input-names';
import type {
  Inputs,
  Knot,
  KnotOf,
  KnotConfig,
  KnotDefinition,
  AbsenceReason,
  AnyAbsenceReason,
} from '../knot';
import { definitionOfClass, isKnotClass, type KnotClassOf } from '../knot-class';
import type { KnotContext } from '../knot-context';
import { definitionRecord, knotRecord } from '../marks';
import { shown } from '../checks';
import type { Outcome } from '../outcome';
import { place } from '../place';
import type { DefinitionRecord, MapRecord, OnElementError } from '../records';
import type { WiredValues } from './aggregate';
import { PlacedNode } from './placed-node';

/** Options of every form of `map`. */
export interface MapOptions<E extends OnElementError = OnElementError> {
  /** Maximum number of elements whose bodies run at once, over the whole map. Default 100. */
  readonly concurrency?: number;
  /**
   * Elements per activity, on Temporal and for `queue()`. Raise the number for small, fast bodies. Outcomes, records
   * and retries stay per element. Default 1.
   */
  readonly batch?: number;
  /**
   * The treatment of failed elements. `fail` (default): when all have ended, the map fails with `MapElements`, which
   * names them. `skip`: the value omits failed elements. `collect`: the value has an `Outcome` per element.
   */
  readonly onError?: E;
}

/** The elements of a list, or the values of a plain object. */
export type ElementOf<L> = L extends readonly (infer T)[] ? T : L[keyof L];

type ElementResult<O, E> = E extends 'collect' ? Outcome<O> : O;

/** The value of a map: for a list a list; for a record a record with the same keys, without omitted elements. */
export type Mapped<L, O, E extends OnElementError> = L extends readonly unknown[]
  ? ElementResult<O, E>[]
  : E extends 'skip'
    ? { [K in keyof L]?: O }
    : { [K in keyof L]: ElementResult<O, E> };

/** Several lists of one length, by name. */
type Lists = Readonly<Record<string, Knot<readonly any[]>>>;

/*
 * One signature for all forms of `map`, so that the compiler names the wrong argument, not "no overload matches".
 * `V` is the type of `over`, `F` of `each`, `B` the bound name, `W` the type of `shared`.
 */

/** The inputs and output of a definition; `never` for a function in place. */
type SignatureOf<F> =
  F extends KnotClassOf<infer I, infer O>
    ? [inputs: I, output: O]
    : F extends KnotDefinition<infer I, infer O>
      ? [inputs: I, output: O]
      : never;
type InputsOf<F> = SignatureOf<F>[0];
type IsInPlace<F> = [SignatureOf<F>] extends [never] ? true : false;

/** The arguments of a function in place. `B` is `string` if `bind` is omitted. */
type ElementInputs<V, B extends string> =
  V extends Knot<infer L>
    ? { readonly [K in string extends B ? 'element' : B]: ElementOf<L> }
    : { readonly [K in keyof V]: V[K] extends Knot<readonly (infer T)[]> ? T : never };

type EachOf<F, V, B extends string, W> =
  IsInPlace<F> extends true
    ? (inputs: ElementInputs<V, B> & WiredValues<NoInfer<W>>, context: KnotContext) => unknown
    : unknown;

type Primitive = string | number | bigint | boolean | null | undefined;
type ListOrRecordOf<L, T> = L extends readonly unknown[] | Primitive
  ? readonly T[]
  : { readonly [K in keyof L]: T };

type OverOf<F, V, B> =
  IsInPlace<F> extends true
    ? V extends Knot<any>
      ? Knot<object>
      : Lists
    : V extends Knot<infer L>
      ? B extends keyof InputsOf<F>
        ? Knot<ListOrRecordOf<L, InputsOf<F>[B]>>
        : unknown
      : {
          readonly [K in keyof V]: K extends keyof InputsOf<F>
            ? Knot<readonly InputsOf<F>[K][]>
            : `The definition has no input "${K & string}"`;
        };

/** Inputs of a definition that are equal for all elements. */
type Unbound<F, V, B> = Omit<InputsOf<F>, (V extends Knot<any> ? B : keyof V) & PropertyKey>;
type SharedOf<F, V, B, W> =
  IsInPlace<F> extends true
    ? { readonly shared?: W }
    : object extends Unbound<F, V, B>
      ? { readonly shared?: Inputs<Unbound<F, V, B>> }
      : { readonly shared: Inputs<Unbound<F, V, B>> };

type BindingOf<F, V> =
  V extends Knot<any>
    ? IsInPlace<F> extends true
      ? unknown
      : { readonly bind: unknown }
    : { readonly bind?: undefined };

/** Input names that may be bound to the element. */
export type Bindable<F> = IsInPlace<F> extends true ? string : keyof InputsOf<F> & string;

/** The first argument of `map`. */
export type MapArguments<V, F, B extends string, E extends OnElementError, W> = MapOptions<E> & {
  readonly over: V & OverOf<F, V, B>;
  readonly each: F & EachOf<F, V, B, W> & Encodable<ResultOf<F>>;
  readonly bind?: B;
} & BindingOf<F, V> &
  SharedOf<F, V, B, W>;

/** The result type of an element's body. */
export type ResultOf<F> =
  IsInPlace<F> extends true ? (F extends (...args: any) => infer O ? Awaited<O> : never) : SignatureOf<F>[1];

/** The value of a map over `V`: see {@link Mapped}. */
export type MappedOver<V, O, E extends OnElementError> = Mapped<
  V extends Knot<infer L> ? L : unknown[],
  O,
  E
>;

/**
 * Places a knot that runs a body for each element of a list. The knot's value is the list of results: `map({ over:
 * users, each: greet, bind: 'user' }, { id: 'greetings' })`. Each element has its own outcome, record (`greetings[17]`)
 * and retries; the order is kept. Over a plain object, keys are kept (`greetings["anna"]`). Over several lists of one
 * length, `over: { user: users, gift: gifts }`, each body gets an element of each.
 *
 * `each` is a definition or a function in place. The body gets the element under the name in `bind` (default
 * `element`), and `shared`: knots and constants that are equal for all. `retry`, `timeout`, `cancelGrace`,
 * `onCodeChange`, limits and `cache` apply to each element. If `over` is neither a list nor a plain object, the knot
 * fails with `NotAList`; lists of different length fail with `UnequalLists`.
 *
 * When the run is cancelled, no more elements start, and the map is skipped. Ended elements keep their records.
 *
 * @throws SelvageError InvalidConfig, UnknownInput, MissingInput, and those of placing a definition
 */
export function map<
  const V extends Knot<any> | Lists,
  F,
  const Id extends string,
  const B extends Bindable<F> = Bindable<F>,
  const E extends OnElementError = 'fail',
  const W extends object = Record<never, never>,
>(
  options: MapArguments<V, F, B, E, W>,
  config: KnotConfig<Id>,
): KnotOf<
  MappedOver<V, ResultOf<F>, E>,
  Id,
  (V extends Knot<any> ? AbsenceReason<V> : AnyAbsenceReason<V>) | AnyAbsenceReason<W>
>;
export function map(
  options: MapOptions & {
    readonly over?: unknown;
    readonly each?: unknown;
    readonly bind?: unknown;
    readonly shared?: unknown;
  },
  config: KnotConfig,
): Knot<any> {
  const node = new PlacedNode('map', config);
  node.requireKeys(options, KEYS);
  const each = eachOf(options.each, node);
  const lists = listsOf(options.over, node);
  const shared = sharedOf(options.shared, node);
  const bind = bindOf(options.bind, lists, node);
  const bound = bind === undefined ? Object.keys(lists) : [bind];
  for (const name of bound) {
    if (!Object.hasOwn(shared, name)) continue;
    throw node.refusal(
      'Conflict',
      `gives "${name}" twice, as element and in "shared"`,
      'An input of a body is the one or the other.',
    );
  }
  const id: unknown = (config as Partial<KnotConfig> | undefined)?.id;
  if (typeof id === 'string') checkInputNames(each, id, new Set([...bound, ...Object.keys(shared)]));
  const record: MapRecord = Object.freeze({
    each,
    ...(bind !== undefined && { bind }),
    ...settingsOf(options, node),
  });
  const definition: DefinitionRecord = Object.freeze({
    ...node.definition({}, neverCalled, { node: 'map' }),
    ...(each.version !== undefined && { version: each.version }),
    code: each.code,
    ...(each.source !== undefined && { source: each.source }),
    options: each.options,
    map: record,
  });
  return place(definition, { ...lists, ...prefixed('shared', shared) }, config);
}

const KEYS = ['over', 'each', 'bind', 'shared', 'concurrency', 'batch', 'onError'];

/** This body is never called: hosts call the bodies of the elements instead. */
function neverCalled(): never {
  throw new Error('A map has no body of its own.');
}

function eachOf(given: unknown, node: PlacedNode): DefinitionRecord {
  const record = definitionRecord(given) ?? (isKnotClass(given) ? definitionOfClass(given) : undefined);
  if (!record) {
    return node.definition({ each: given }, given as DefinitionRecord['body'], {
      name: 'selvage.map.each',
    });
  }
  if (record.optional) {
    throw node.refusal(
      'WrongValue',
      `runs the definition "${record.name}", which is optional`,
      `Give it without optional(): what becomes of elements that fail is said by "onError", such as 'skip'.`,
    );
  }
  if (record.receives === 'values') return record;
  throw node.refusal(
    'WrongValue',
    `runs the definition "${record.name}", which receives outcomes`,
    'An element is a value: give a definition that takes values, and say what becomes of failures by "onError".',
  );
}

function listsOf(over: unknown, node: PlacedNode): Record<string, unknown> {
  if (knotRecord(over)) return { over };
  if (typeof over === 'object' && over !== null) {
    const lists = Object.entries(over);
    if (lists.length > 0 && lists.every(([, list]) => knotRecord(list))) return prefixed('over', over);
  }
  throw node.refusal(
    'NotAKnot',
    'has no knot to go over',
    'Give one that yields a list or a plain object: map({ over: users, … }), or several by name: over: { user: users, gift: gifts }.',
  );
}

function prefixed(prefix: string, inputs: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(inputs).map(([name, input]) => [`${prefix}.${name}`, input]));
}

function sharedOf(shared: unknown, node: PlacedNode): Record<string, unknown> {
  if (shared === undefined) return {};
  if (isObject(shared) && !knotRecord(shared)) {
    return defined(shared);
  }
  throw node.refusal(
    'WrongValue',
    `has "shared", which is ${knotRecord(shared) ? 'a knot' : shown(shared)}`,
    'Give knots and constants by the names of inputs: shared: { rate }.',
  );
}

function bindOf(bind: unknown, lists: object, node: PlacedNode): string | undefined {
  if (!Object.hasOwn(lists, 'over')) {
    if (bind === undefined) return undefined;
    throw node.refusal(
      'Conflict',
      'goes over several lists and has "bind"',
      'Leave it out: each list is named by the input that gets its elements.',
    );
  }
  if (bind === undefined) return 'element';
  if (typeof bind === 'string' && bind !== '' && bind !== '__proto__') return bind;
  throw node.refusal(
    'WrongValue',
    `has "bind", which is ${shown(bind)}`,
    'Give the name of the input that gets the element.',
  );
}

function settingsOf(
  { concurrency, batch, onError }: MapOptions,
  node: PlacedNode,
): Pick<MapRecord, 'concurrency' | 'batch' | 'onError'> {
  for (const [name, count] of Object.entries({ concurrency, batch })) {
    if (count === undefined || (Number.isSafeInteger(count) && count >= 1)) continue;
    throw node.refusal(
      'WrongValue',
      `has "${name}", which is ${shown(count)}`,
      'Give a whole number, 1 or more, or leave it out.',
    );
  }
  if (onError !== undefined && !['fail', 'skip', 'collect'].includes(onError)) {
    throw node.refusal(
      'WrongValue',
      `has "onError", which is ${shown(onError)}`,
      `Say what becomes of failed elements: 'fail', 'skip' or 'collect'.`,
    );
  }
  return {
    ...(concurrency !== undefined && concurrency !== 100 && { concurrency }),
    ...(batch !== undefined && batch !== 1 && { batch }),
    ...(onError !== undefined && onError !== 'fail' && { onError }),
  };
}
