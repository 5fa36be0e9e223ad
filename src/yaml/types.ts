import type { z as Zod, ZodType } from 'zod';
import { isStandardSchema, type StandardSchema } from '../authoring';
import { zod } from '../node/json-schema-of';
import { nearestName } from '../authoring/names';
import type { GivenSchemas } from './given-schemas';

export class TypeProblem extends Error {
  constructor(
    message: string,
    readonly suggestion?: string,
  ) {
    super(message);
  }
}

/**
 * Reads a JSON Schema, a type in Python's notation (`list[int]`, `dict[str, float]`, `str | None`), a word of JSON
 * Schema, or the name of a schema among the callables. Throws `TypeProblem`.
 */
export function schemaOf(
  given: unknown,
  callables: ReadonlyMap<string, unknown>,
  givenSchemas: GivenSchemas,
): StandardSchema {
  const { z } = zod();
  if (typeof given === 'string') {
    const named = callables.get(given);
    if (isStandardSchema(named)) return named;
    return new TypeReader(z, given, callables).read();
  }
  try {
    return givenSchemas.read(given);
  } catch (error) {
    throw new TypeProblem(
      `The JSON Schema cannot be used: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}

type Z = typeof Zod;

const SIMPLE: Readonly<Record<string, (z: Z) => ZodType>> = {
  int: (z) => z.int(),
  integer: (z) => z.int(),
  float: (z) => z.number(),
  number: (z) => z.number(),
  complex: (z) => z.number(),
  str: (z) => z.string(),
  string: (z) => z.string(),
  bool: (z) => z.boolean(),
  boolean: (z) => z.boolean(),
  bytes: (z) => z.custom<Uint8Array>((value) => ArrayBuffer.isView(value), 'must be bytes'),
  dict: (z) => z.record(z.string(), z.unknown()),
  object: (z) => z.record(z.string(), z.unknown()),
  list: (z) => z.array(z.unknown()),
  array: (z) => z.array(z.unknown()),
  tuple: (z) => z.array(z.unknown()),
  set: (z) => z.array(z.unknown()),
  frozenset: (z) => z.array(z.unknown()),
  Any: (z) => z.unknown(),
  any: (z) => z.unknown(),
  None: (z) => z.null(),
  null: (z) => z.null(),
  'typing.Any': (z) => z.unknown(),
  'datetime.datetime': (z) => z.union([z.date(), z.iso.datetime({ offset: true, local: true })]),
  'datetime.date': (z) => z.iso.date(),
  'datetime.time': (z) => z.iso.time(),
  'uuid.UUID': (z) => z.guid(),
  'decimal.Decimal': (z) => z.union([z.number(), z.string().regex(/^-?\d+(\.\d+)?$/)]),
  'pathlib.Path': (z) => z.string(),
};

const GENERIC: Readonly<Record<string, string>> = {
  List: 'list',
  Sequence: 'list',
  Iterable: 'list',
  Dict: 'dict',
  Mapping: 'dict',
  Tuple: 'tuple',
  Set: 'set',
  Type: 'type',
};

const LONGEST = 500;
const DEEPEST = 20;

class TypeReader {
  private at = 0;
  private readonly tokens: readonly string[];
  private depth = 0;

  constructor(
    private readonly z: Z,
    private readonly text: string,
    private readonly callables: ReadonlyMap<string, unknown>,
  ) {
    if (text.length > LONGEST) throw new TypeProblem(`A type has at most ${LONGEST} characters.`);
    this.tokens = text.match(/[A-Za-z_][\w.]*|-?\d+|'[^']*'|"[^"]*"|\.\.\.|\S/g) ?? [];
  }

  read(): StandardSchema {
    const schema = this.union();
    if (this.at < this.tokens.length) throw this.unreadable();
    return schema;
  }

  private union(): ZodType {
    if (++this.depth > DEEPEST) throw new TypeProblem(`A type is at most ${DEEPEST} deep.`);
    const members = [this.single()];
    while (this.take('|')) members.push(this.single());
    this.depth--;
    return members.length === 1 ? members[0]! : this.z.union(members);
  }

  private single(): ZodType {
    const word = this.tokens[this.at++];
    if (word === undefined || !/^[A-Za-z_]/.test(word)) throw this.unreadable();
    const short = word.replace(/^(typing|collections\.abc)\./, '');
    const name = GENERIC[short] ?? short;
    if (!this.take('[')) return this.plain(word, name);
    if (name === 'Literal') return this.literal();
    const parts = this.parts();
    switch (name) {
      case 'list':
      case 'array':
      case 'set':
      case 'frozenset':
        return this.z.array(this.only(parts));
      case 'dict':
        if (parts.length !== 2 || !parts[0] || !parts[1]) throw this.unreadable();
        return this.z.record(this.z.string(), parts[1]);
      case 'tuple':
        return this.tuple(parts);
      case 'Optional':
        return this.only(parts).nullable();
      case 'Union':
        if (parts.length === 0 || parts.includes(undefined)) throw this.unreadable();
        return this.z.union(parts as ZodType[]);
      case 'Annotated':
        if (!parts[0]) throw this.unreadable();
        return parts[0];
      default:
        throw this.unknown(word);
    }
  }

  private plain(word: string, name: string): ZodType {
    const simple = Object.hasOwn(SIMPLE, name)
      ? SIMPLE[name]
      : Object.hasOwn(SIMPLE, word)
        ? SIMPLE[word]
        : undefined;
    if (simple) return simple(this.z);
    const named = this.callables.get(word);
    if (isStandardSchema(named)) return this.fromStandard(named);
    throw this.unknown(word);
  }

  private fromStandard(schema: StandardSchema): ZodType {
    if ('_zod' in schema) return schema as unknown as ZodType;
    return this.z.unknown().transform(async (value, context) => {
      const result = await schema['~standard'].validate(value);
      if (!result.issues) return result.value as unknown;
      for (const { message } of result.issues) context.issues.push({ code: 'custom', message, input: value });
      return this.z.NEVER;
    });
  }

  private literal(): ZodType {
    const values: (string | number | boolean)[] = [];
    do {
      const token = this.tokens[this.at++] ?? '';
      if (/^['"]/.test(token)) values.push(token.slice(1, -1));
      else if (/^-?\d+$/.test(token)) values.push(Number(token));
      else if (token === 'True' || token === 'False') values.push(token === 'True');
      else throw this.unreadable();
    } while (this.take(','));
    if (!this.take(']')) throw this.unreadable();
    return this.z.literal(values);
  }

  /** Undefined for `...`. */
  private parts(): (ZodType | undefined)[] {
    const parts: (ZodType | undefined)[] = [];
    do parts.push(this.take('...') ? undefined : this.union());
    while (this.take(','));
    if (!this.take(']')) throw this.unreadable();
    return parts;
  }

  private only(parts: readonly (ZodType | undefined)[]): ZodType {
    if (parts.length !== 1 || !parts[0]) throw this.unreadable();
    return parts[0];
  }

  private tuple(parts: readonly (ZodType | undefined)[]): ZodType {
    if (parts.length === 2 && parts[0] && parts[1] === undefined) return this.z.array(parts[0]);
    const [first, ...rest] = parts;
    if (!first || rest.includes(undefined)) throw this.unreadable();
    return this.z.tuple([first, ...(rest as ZodType[])]);
  }

  private take(token: string): boolean {
    if (this.tokens[this.at] !== token) return false;
    this.at++;
    return true;
  }

  private unreadable(): TypeProblem {
    return new TypeProblem(`The type ${JSON.stringify(this.text.slice(0, 60))} cannot be read.`);
  }

  private unknown(word: string): TypeProblem {
    if (word.includes('.')) {
      return new TypeProblem(
        `The type "${word}" is a class of Python, whose schema only Python knows. Give a schema under this name among the callables, or a JSON Schema.`,
      );
    }
    const nearest = nearestName(word, [...Object.keys(SIMPLE), ...schemaNames(this.callables)]);
    return new TypeProblem(
      `There is no type "${word}", and no schema of this name among the callables${nearest === undefined ? '' : ` (did you mean "${nearest}"?)`}.`,
      nearest,
    );
  }
}

function schemaNames(callables: ReadonlyMap<string, unknown>): string[] {
  return [...callables].filter(([, value]) => isStandardSchema(value)).map(([name]) => name);
}
