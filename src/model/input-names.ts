import { SelvageError } from '../errors';
import type { DefinitionRecord, InputRecord } from './records';
import { isStandardSchema, validateNow, type StandardSchema } from './standard-schema';

/** What can be read off a schema about the names of a definition's inputs. */
interface InputNames {
  readonly known: ReadonlySet<string>;
  readonly required: readonly string[];
  /** Other names are let through to the body. */
  readonly open: boolean;
}

const namesBySchema = new WeakMap<object, InputNames | undefined>();

/**
 * Throws UnknownInput or MissingInput where the schema of the definition shows its names, as schemas of objects in zod do by
 * their `shape`. Other schemas speak when the body is about to run.
 */
export function checkInputNames(
  definition: DefinitionRecord,
  knot: string,
  inputs: ReadonlyMap<string, InputRecord>,
): void {
  const names = definition.input && inputNamesOf(definition.input);
  if (names === undefined) return;
  const where = `the knot "${knot}" (definition "${definition.name}")`;
  for (const name of inputs.keys()) {
    if (names.open || names.known.has(name)) continue;
    const known = names.known.size === 0 ? 'it has no inputs' : `it has ${[...names.known].join(', ')}`;
    throw new SelvageError(
      'UnknownInput',
      `The input "${name}" was given to ${where}, which does not have it: ${known}. ` +
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
    known: new Set(fields.map(([name]) => name)),
    required: fields.filter(([, field]) => refusesUndefined(field as StandardSchema)).map(([name]) => name),
    open: letsOthersThrough(schema),
  };
}

function refusesUndefined(field: StandardSchema): boolean {
  try {
    return validateNow(field, undefined)?.issues !== undefined;
  } catch {
    // A schema that fails on undefined may mean either; it speaks when the body is about to run.
    return false;
  }
}

/** A schema that drops unknown names is closed: to drop an input without a word would hide a mistake. */
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
