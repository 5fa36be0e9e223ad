import { SelvageError } from '../errors';
import { isObject } from '../values';
import { ambientTapestry } from './ambient';
import { requireCallable, requireKnownCode } from './body-host';
import { isCacheable, requireCacheable } from './cacheable';
import { requireOrigins } from './dataset';
import { findHidden } from './hidden';
import { receivesValues } from './definition-record';
import { checkConstants, checkInputNames } from './input-names';
import type { Knot } from './knot';
import { knotRecord, markKnot, tapestryRecord } from './marks';
import { checkKnotId, PARAMETER_PREFIX } from './names';
import { requireMeaning } from './node-options';
import { effectiveOptions, readKnotOptions } from './options';
import type { DefinitionRecord, InputRecord, KnotRecord, TapestryRecord } from './records';
import { textProblem, type TextProblem } from './texts';

/**
 * The object that users hold for a knot. Such an object throws on every use as a value that JavaScript lets it notice.
 */
class KnotHandle {
  readonly id: string;

  constructor(record: KnotRecord) {
    this.id = record.id;
    markKnot(this, record);
  }

  [Symbol.toPrimitive](hint: string): never {
    throw usedAsValue(this.id, hint === 'number' ? 'a number' : 'text');
  }

  toString(): never {
    throw usedAsValue(this.id, 'text');
  }

  valueOf(): never {
    throw usedAsValue(this.id, 'a value');
  }

  toJSON(): never {
    throw usedAsValue(this.id, 'JSON');
  }
}

/** Adds a method to all handles, for the nodes that stand above this file. */
export function addToHandles(
  name: 'select',
  method: (this: Knot<any>, ...given: never[]) => Knot<any>,
): void {
  Object.defineProperty(KnotHandle.prototype, name, { value: method });
}

function usedAsValue(id: string, what: string): SelvageError {
  const name = id.startsWith(PARAMETER_PREFIX) ? id.slice(PARAMETER_PREFIX.length) : id;
  const input = /^[A-Za-z_$][\w$]*$/.test(name) ? name : 'value';
  return new SelvageError(
    'KnotUsedAsValue',
    `The knot "${id}" was made into ${what} while wiring, when it has no value yet. Give it to a knot as an input, ({ ${input} }, { id: '…' }), and use its ` +
      `value in the body of that, ({ ${input} }) => ….`,
    { details: { knot: id } },
  );
}

export function handleOf(record: KnotRecord): Knot<any> {
  return new KnotHandle(record) as unknown as Knot<any>;
}

/** Places a definition in a tapestry, and reports every mistake in the placement. */
export function place(
  definition: DefinitionRecord,
  givenInputs: unknown,
  config: unknown,
  nested?: Nested,
): Knot<any> {
  const { id, tapestry: givenTapestry, ...givenOptions } = readConfig(definition, config);
  checkKnotId(id);
  const owner = `the knot "${id}"`;
  const inputs = readInputs(definition, id, givenInputs);
  const tapestry = chooseTapestry(id, givenTapestry, inputs);
  for (const [name, input] of inputs) {
    if (input.kind === 'parent') checkOwnKnot(tapestry, input.knot, `as input "${name}" of ${owner}`);
  }
  if (nested) {
    refuseCycle(tapestry, id, nested.tapestry);
    nested.check(id, inputs);
  } else {
    checkInputNames(definition, id, new Set(inputs.keys()));
  }
  const own = readKnotOptions(owner, givenOptions);
  const options = effectiveOptions(tapestry.options, definition.options, own);
  if (definition.receives === 'values' && options.errorPolicy === 'receiveErrors') {
    throw receivesValues(owner, definition);
  }
  requireMeaning(owner, definition.node, own);
  requireCacheable(owner, definition, own);
  requireCallable(owner, definition, own);
  // A knot does not inherit options without a meaning for it.
  if (isCacheable(definition)) requireCacheable(owner, definition, options);
  requireOrigins(owner, inputs, options);
  requireKnownCode(owner, definition, options);
  if (options.validate !== false) checkConstants(definition, id, inputs);
  const record: KnotRecord = Object.freeze({
    id,
    tapestry,
    definition,
    inputs,
    options,
    ...(nested && { nested: nested.tapestry }),
  });
  addKnot(record);
  // The nested tapestry is compiled with the outer one, so it cannot change any more.
  if (nested) nested.tapestry.closed = true;
  return handleOf(record);
}

/** The tapestry that a node runs. */
export interface Nested {
  readonly tapestry: TapestryRecord;
  /** Reads the inputs of a placement, and throws if they are wrong. */
  check(knot: string, inputs: ReadonlyMap<string, InputRecord>): void;
}

/** Refuses a tapestry that nests itself, which would have endless runs. */
function refuseCycle(tapestry: TapestryRecord, knot: string, nested: TapestryRecord): void {
  // Nesting closes a tapestry, so an open one is nested in no other.
  const way = nested === tapestry || tapestry.closed ? wayTo(nested, tapestry) : undefined;
  if (way === undefined) return;
  const names = [tapestry, ...way].map(({ name }) => `"${name}"`).join(' → ');
  throw new SelvageError(
    'Cycle',
    `The knot "${knot}" would nest the tapestry "${tapestry.name}" in itself: ${names}. Use \`loop\` to run a tapestry again and again.`,
    { details: { tapestry: tapestry.name, knot } },
  );
}

/** The chain of nested tapestries between two, both included. */
function wayTo(
  from: TapestryRecord,
  to: TapestryRecord,
  seen = new Set<TapestryRecord>(),
): TapestryRecord[] | undefined {
  if (from === to) return [from];
  if (seen.has(from)) return undefined;
  seen.add(from);
  for (const { nested } of from.knots.values()) {
    const way = nested && wayTo(nested, to, seen);
    if (way) return [from, ...way];
  }
  return undefined;
}

/** Throws if the tapestry is closed or has the id. */
export function addKnot(record: KnotRecord): void {
  const { id, tapestry } = record;
  checkOpen(tapestry, `the knot "${id}" cannot be added`);
  const other = tapestry.knots.get(id);
  if (other !== undefined) {
    const kinds = [other, record].map((knot) => `of definition "${knot.definition?.name ?? 'parameter'}"`);
    throw new SelvageError(
      'DuplicateId',
      `The tapestry "${tapestry.name}" has two knots with the id "${id}": one ${kinds[0]}, one ${kinds[1]}. Give one of them another id.`,
      { details: { tapestry: tapestry.name, knot: id } },
    );
  }
  tapestry.knots.set(id, record);
}

export function checkOpen(tapestry: TapestryRecord, consequence: string): void {
  if (tapestry.closed !== true) return;
  throw new SelvageError(
    'TapestryClosed',
    `The tapestry "${tapestry.name}" is finished: ${consequence}. Wire everything in its build function, or before it is first run.`,
    { details: { tapestry: tapestry.name } },
  );
}

/** Throws `ForeignKnot` unless the knot belongs to the tapestry. @param use how it is used, for the message */
export function checkOwnKnot(tapestry: TapestryRecord, knot: KnotRecord, use: string): void {
  if (knot.tapestry === tapestry) return;
  throw new SelvageError(
    'ForeignKnot',
    `The knot "${knot.id}" of the tapestry "${knot.tapestry.name}" was used ${use} in the tapestry "${tapestry.name}". ` +
      'Place its definition in this tapestry as well; definitions may be placed any number of times.',
    { details: { knot: knot.id, of: knot.tapestry.name, tapestry: tapestry.name } },
  );
}

function readConfig(definition: DefinitionRecord, config: unknown): Record<string, unknown> {
  if (typeof config !== 'object' || config === null || (config as { id?: unknown }).id === undefined) {
    throw new SelvageError(
      'MissingId',
      `A knot of the definition "${definition.name}" was placed without an id. Give one in the second argument: { id: '…' }.`,
      { details: { definition: definition.name } },
    );
  }
  return config as Record<string, unknown>;
}

function readInputs(
  definition: DefinitionRecord,
  id: string,
  given: unknown,
): ReadonlyMap<string, InputRecord> {
  if (!isObject(given) || knotRecord(given)) {
    const what = knotRecord(given) === undefined ? String(given) : 'a knot';
    throw new SelvageError(
      'InvalidConfig',
      `The first argument of the knot "${id}" (definition "${definition.name}") must be an object of inputs by name, and is ${what}. Write { name: … }, or {} where there are none.`,
      { details: { knot: id, definition: definition.name, reason: 'WrongValue' } },
    );
  }
  const inputs = new Map<string, InputRecord>();
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) inputs.set(name, readInput(id, name, value));
  }
  return inputs;
}

/** `__proto__` is reserved, because assigning this property would change the prototype. */
const RESERVED_INPUT: TextProblem = ['Reserved', 'is reserved'];
const LONGEST_INPUT = 200;

function readInput(id: string, name: string, value: unknown): InputRecord {
  const [reason, rule] = name === '__proto__' ? RESERVED_INPUT : (textProblem(name, LONGEST_INPUT) ?? []);
  if (reason) {
    throw new SelvageError(
      'InvalidName',
      `The knot "${id}" has an input named ${JSON.stringify(name.slice(0, 60))}, which cannot be: it ${rule}. Choose another name.`,
      { details: { what: 'input', name, knot: id, reason } },
    );
  }
  const parent = knotRecord(value);
  if (parent !== undefined) return { kind: 'parent', knot: parent };
  const hidden = findHidden(value);
  if (hidden !== undefined) {
    throw new SelvageError(
      'HiddenKnot',
      `The input "${name}" of the knot "${id}" is a constant, but ${hidden.what} is in it at ${name}${hidden.path}. ${hidden.remedy}`,
      { details: { knot: id, input: name, path: `${name}${hidden.path}` } },
    );
  }
  return { kind: 'constant', value };
}

function chooseTapestry(
  id: string,
  given: unknown,
  inputs: ReadonlyMap<string, InputRecord>,
): TapestryRecord {
  if (given !== undefined) {
    const record = tapestryRecord(given);
    if (record !== undefined) return record;
    throw new SelvageError(
      'InvalidConfig',
      `The option "tapestry" of the knot "${id}" cannot be used: it is not a tapestry. Give what \`new Tapestry(name)\` made, or leave it out inside of a build function.`,
      { details: { owner: `the knot "${id}"`, option: 'tapestry', reason: 'WrongValue' } },
    );
  }
  const ambient = ambientTapestry();
  if (ambient !== undefined) return ambient;
  for (const input of inputs.values()) {
    if (input.kind === 'parent') return input.knot.tapestry;
  }
  throw new SelvageError(
    'NoTapestry',
    `The knot "${id}" was placed outside of any tapestry. Place it inside of \`tapestry(name, (t) => { … })\`, or name one in its second argument: { id: '${id}', tapestry: t }.`,
    { details: { knot: id } },
  );
}
