import { SelvageError } from '../errors';
import { didYouMean } from './names';
import type { DefinitionRecord, InputRecord } from './records';
import { complaintOf, isStandardSchema, validateNow, type StandardSchema } from './standard-schema';

interface InputNames {
  readonly known: ReadonlyMap<string, StandardSchema>;
  readonly required: readonly string[];
  /** Whether unknown names reach the body. */
  readonly open: boolean;
}

const namesBySchema = new WeakMap<object, InputNames | undefined>();

/**
 * Throws `UnknownInput` or `MissingInput` if the schema reveals its names, as zod's object schemas do by `shape`.
 * Schemas that do not reveal their names are applied when the body is about to run.
 */
export function checkInputNames(
  definition: DefinitionRecord,
  knot: string,
  inputs: ReadonlySet<string>,
): void {
  const names = definition.input && inputNamesOf(definition.input);
  if (names === undefined) return;
  const where = `the knot "${knot}" (definition "${definition.name}")`;
  for (const name of inputs) {
    if (names.open || names.known.has(name)) continue;
    const known = [...names.known.keys()];
    const has = known.length === 0 ? 'it has no inputs' : `it has ${known.join(', ')}`;
    throw new SelvageError(
      'UnknownInput',
      `The input "${name}" was given to ${where}, which does not have it${didYouMean(name, known)}: ${has}. ` +
        'Correct or remove it; framework options belong in the second argument.',
      { details: { knot, input: name, definition: definition.name } },
    );
  }
  for (const name of names.required) {
    if (inputs.has(name)) continue;
    throw new SelvageError(
      'MissingInput',
      `The input "${name}" of ${where} is missing. Give a knot or a value for it, or make it optional in the schema.`,
      { details: { knot, input: name, definition: definition.name } },
    );
  }
}

const SHARED = 'shared.';

/**
 * Throws `InvalidInput` for constants that the schema refuses, as every run would fail. A schema that does not
 * reveal the schemas of its inputs can be asked only if all inputs are constants.
 */
export function checkConstants(
  { input, name: called, map }: DefinitionRecord,
  knot: string,
  inputs: ReadonlyMap<string, InputRecord>,
): void {
  const schema = map ? map.each.input : input;
  if (!schema) return;
  const definition = map?.each.name ?? called;
  const constants: [string, unknown][] = [];
  for (const [name, given] of inputs) {
    if (given.kind === 'constant') constants.push([map ? name.slice(SHARED.length) : name, given.value]);
  }
  const where = `the knot "${knot}" (definition "${definition}")`;
  const refuse = (what: string, complaint: string, details: object): SelvageError =>
    new SelvageError(
      'InvalidInput',
      `${what} the input schema refuses, so that every run would fail: ${complaint}. Correct one of the two, or place the knot with ` +
        '`validate: false`, which leaves its schemas out.',
      { details: { knot, definition, ...details } },
    );
  const known = inputNamesOf(schema)?.known;
  for (const [name, value] of constants) {
    const field = known?.get(name);
    const complaint = field && complaintOf(field, value);
    if (complaint === undefined) continue;
    throw refuse(`The input "${name}" of ${where} is a constant that`, complaint, { input: name });
  }
  if (constants.length < inputs.size) return;
  const complaint = complaintOf(schema, Object.fromEntries(constants));
  if (complaint !== undefined) throw refuse(`The inputs of ${where} are constants that`, complaint, {});
}

function inputNamesOf(schema: StandardSchema): InputNames | undefined {
  if (!namesBySchema.has(schema)) namesBySchema.set(schema, readNames(schema));
  return namesBySchema.get(schema);
}

function readNames(schema: StandardSchema): InputNames | undefined {
  const { shape } = schema as { shape?: unknown };
  if (typeof shape !== 'object' || shape === null) return undefined;
  const fields = Object.entries(shape);
  if (!fields.every(([, field]) => isStandardSchema(field))) return undefined;
  return {
    known: new Map(fields as [string, StandardSchema][]),
    required: fields.filter(([, field]) => refusesUndefined(field as StandardSchema)).map(([name]) => name),
    open: letsOthersThrough(schema),
  };
}

function refusesUndefined(field: StandardSchema): boolean {
  try {
    return validateNow(field, undefined)?.issues !== undefined;
  } catch {
    // A schema may throw for undefined and accept other values. Such a schema is applied when the body is about to run.
    return false;
  }
}

/** A schema that drops unknown names counts as closed: silently dropping an input would hide a mistake. */
function letsOthersThrough(schema: StandardSchema): boolean {
  const { _zod: four, _def: three } = schema as {
    _zod?: { def?: { catchall?: { _zod?: { def?: { type?: unknown } } } } };
    _def?: { unknownKeys?: unknown; catchall?: { _def?: { typeName?: unknown } } };
  };
  if (four !== undefined) {
    const catchall = four.def?.catchall;
    return catchall !== undefined && catchall._zod?.def?.type !== 'never';
  }
  if (three !== undefined) {
    return three.unknownKeys === 'passthrough' || three.catchall?._def?.typeName !== 'ZodNever';
  }
  return true;
}
