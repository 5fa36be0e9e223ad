import type { StandardSchema } from '../authoring';
import { jsonSchemaOf } from '../node/json-schema-of';

/** The part of a JSON Schema that is needed for paths and kinds. `true` and undefined stand for an unknown shape. */
export interface KnownShape {
  readonly schema: JsonSchema | undefined;
  /** The target of `$ref`. */
  readonly root: JsonSchema | undefined;
}

interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema | boolean>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly patternProperties?: object;
  readonly items?: JsonSchema | boolean;
  readonly prefixItems?: readonly (JsonSchema | boolean)[];
  readonly anyOf?: readonly (JsonSchema | boolean)[];
  readonly oneOf?: readonly (JsonSchema | boolean)[];
  readonly allOf?: readonly (JsonSchema | boolean)[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

export const UNKNOWN: KnownShape = { schema: undefined, root: undefined };

const known = new WeakMap<object, Partial<Record<'input' | 'output', KnownShape>>>();

/** `side`: accepted values, or the schema's output. */
export function shapeOf(schema: StandardSchema | undefined, side: 'input' | 'output'): KnownShape {
  if (schema === undefined) return UNKNOWN;
  const before = known.get(schema) ?? {};
  const found = before[side] ?? asJsonSchema(schema, side);
  known.set(schema, { ...before, [side]: found });
  return found;
}

function asJsonSchema(schema: StandardSchema, side: 'input' | 'output'): KnownShape {
  try {
    const found = jsonSchemaOf(schema, side, {
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        if (side === 'input' && takesMore(zodSchema))
          for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
      },
    });
    return found === undefined ? UNKNOWN : whole(found);
  } catch {
    // A schema without a JSON Schema form is unknown.
    return UNKNOWN;
  }
}

/** A schema accepts more than its JSON Schema if it coerces or changes values before checking. */
function takesMore(schema: unknown): boolean {
  const { def } = (
    schema as { _zod: { def: { type: string; coerce?: boolean; in?: { _zod: { def: { type: string } } } } } }
  )._zod;
  return def.coerce === true || (def.type === 'pipe' && def.in?._zod.def.type === 'transform');
}

/** Undefined if unknown. */
function resolved({ schema, root }: KnownShape): JsonSchema | undefined {
  let at = schema;
  for (let hops = 0; at?.$ref !== undefined; hops++) {
    if (hops > 20) return undefined;
    // The target of "#" may be a part of another schema by now, so it is unknown.
    const name = /^#\/\$defs\/(.+)$/.exec(at.$ref)?.[1];
    at = name === undefined ? undefined : root?.$defs?.[name.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return typeof at === 'object' ? at : undefined;
}

const alternativesOf = (schema: JsonSchema): readonly (JsonSchema | boolean)[] | undefined =>
  schema.anyOf ?? schema.oneOf;

const asSchema = (given: JsonSchema | boolean | undefined): JsonSchema | undefined =>
  typeof given === 'object' ? given : undefined;

/** The shape of a field; if there is none, the existing fields. */
type Step =
  | { readonly kind: 'known'; readonly shape: KnownShape }
  | { readonly kind: 'none'; readonly why: string; readonly fields: readonly string[] };

export function stepInto(shape: KnownShape, step: string): Step {
  const schema = resolved(shape);
  const at = (found: JsonSchema | boolean | undefined): Step => ({
    kind: 'known',
    shape: { schema: asSchema(found), root: shape.root },
  });
  if (schema === undefined) return at(undefined);
  const alternatives = alternativesOf(schema);
  if (alternatives) return intoAny(shape, alternatives, step);
  if (schema.allOf) return at(undefined);
  const types = typesOf(schema);
  if (schema.properties && Object.hasOwn(schema.properties, step)) return at(schema.properties[step]);
  const isIndex = /^\d+$/.test(step);
  if (types.has('array') && isIndex) return at(schema.prefixItems?.[Number(step)] ?? schema.items);
  if (types.size === 0) return at(undefined);
  if (types.has('object')) {
    const { additionalProperties: more, properties = {} } = schema;
    if (schema.patternProperties) return at(undefined);
    if (more === false || (more === undefined && schema.properties !== undefined)) {
      return { kind: 'none', why: 'it has no such field', fields: Object.keys(properties) };
    }
    return at(more);
  }
  if (types.has('array'))
    return { kind: 'none', why: 'it is a list, of which a step is a number', fields: [] };
  return { kind: 'none', why: `it is ${wordsOf(types)}`, fields: [] };
}

/** A field that one of several alternatives has may exist. */
function intoAny({ root }: KnownShape, alternatives: readonly (JsonSchema | boolean)[], step: string): Step {
  const steps = alternatives.map((each) => stepInto({ schema: asSchema(each), root }, step));
  const there = steps.flatMap((each) => (each.kind === 'known' ? [each.shape.schema] : []));
  if (there.length > 0) {
    const schemas = there.filter((each) => each !== undefined);
    const all =
      schemas.length < there.length ? undefined : schemas.length === 1 ? schemas[0] : { anyOf: schemas };
    return { kind: 'known', shape: { schema: all, root } };
  }
  const none = steps.flatMap((each) => (each.kind === 'none' ? [each] : []));
  return {
    kind: 'none',
    why: none[0]?.why ?? 'it has no such field',
    fields: [...new Set(none.flatMap(({ fields }) => fields))],
  };
}

/** The shape of the elements of a list, or of the values of a record. */
export function elementOf(shape: KnownShape): KnownShape {
  const schema = resolved(shape);
  const { root } = shape;
  if (schema === undefined || alternativesOf(schema) || schema.prefixItems) return UNKNOWN;
  if (typesOf(schema).has('array')) return { schema: asSchema(schema.items), root };
  return schema.properties ? UNKNOWN : { schema: asSchema(schema.additionalProperties), root };
}

/** Empty if unknown. */
function kindsOf(shape: KnownShape, depth = 0): ReadonlySet<string> {
  const schema = resolved(shape);
  if (schema === undefined || depth > 10) return new Set();
  const alternatives = alternativesOf(schema);
  if (!alternatives) return typesOf(schema);
  const kinds = alternatives.map((each) => kindsOf({ schema: asSchema(each), root: shape.root }, depth + 1));
  return kinds.some(({ size }) => size === 0) ? new Set() : new Set(kinds.flatMap((each) => [...each]));
}

function typesOf(schema: JsonSchema): ReadonlySet<string> {
  const { type } = schema;
  const named = type === undefined ? kindsOfValues(schema) : typeof type === 'string' ? [type] : type;
  return new Set(named.map((each) => (each === 'integer' ? 'number' : each)));
}

function kindsOfValues({
  const: only,
  enum: values = only === undefined ? [] : [only],
}: JsonSchema): string[] {
  return values.map((value) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value));
}

/** The kinds of two shapes, in words, if no value of one shape can have the other. */
export function mismatch(
  given: KnownShape,
  wanted: KnownShape,
): { readonly given: string; readonly wanted: string } | undefined {
  const [one, other] = [kindsOf(given), kindsOf(wanted)];
  if (one.size === 0 || other.size === 0 || [...one].some((kind) => other.has(kind))) return undefined;
  return { given: wordsOf(one), wanted: wordsOf(other) };
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'null',
};

function wordsOf(kinds: ReadonlySet<string>): string {
  return [...kinds].map((kind) => WORDS[kind] ?? kind).join(' or ');
}

export function anyOf(shapes: readonly KnownShape[]): KnownShape {
  const schemas = shapes.map(({ schema, root }) =>
    schema && schema === root && schema.$defs === undefined ? schema : undefined,
  );
  return schemas.includes(undefined) ? UNKNOWN : whole({ anyOf: schemas as JsonSchema[] });
}

export function listOf({ schema, root }: KnownShape): KnownShape {
  return whole({
    type: 'array',
    ...(schema && { items: schema }),
    ...(root?.$defs && { $defs: root.$defs }),
  });
}

export function whole(schema: JsonSchema): KnownShape {
  return { schema, root: schema };
}

export function inputShape(schema: StandardSchema | undefined, name: string): KnownShape {
  const step = stepInto(shapeOf(schema, 'input'), name);
  return step.kind === 'known' ? step.shape : UNKNOWN;
}
