import type { Json } from '../../../values';
import type { ParameterView } from '../../../operations/tapestries/view';

/** A form made from a JSON Schema. A form refuses nothing that the schema accepts: parts without a field are JSON. */
export type FormField = FieldBase &
  (
    | {
        readonly kind: 'text';
        readonly format?: TextFormat;
        readonly minLength?: number;
        readonly maxLength?: number;
        readonly pattern?: string;
      }
    | { readonly kind: 'number'; readonly isInteger: boolean; readonly min?: number; readonly max?: number }
    | { readonly kind: 'boolean' }
    | { readonly kind: 'choice'; readonly options: readonly Json[] }
    | { readonly kind: 'object'; readonly members: readonly FormMember[] }
    | { readonly kind: 'list'; readonly item: FormField; readonly least: number; readonly most?: number }
    | {
        readonly kind: 'union';
        readonly options: readonly { readonly title: string; readonly field: FormField }[];
      }
    | { readonly kind: 'json' }
  );

export type TextFormat = 'date' | 'date-time' | 'time' | 'email' | 'uri';

interface FieldBase {
  readonly title?: string;
  readonly hint?: string;
  readonly default?: Json;
  /** Whether the value may be null: an empty input is null if the value is required. */
  readonly isNullable?: true;
}

export interface FormMember {
  readonly name: string;
  readonly field: FormField;
  readonly isRequired: boolean;
}

/** Greatest depth of fields: deeper parts are typed as JSON, which also ends recursive schemas. */
const DEEPEST = 5;
const TEXT_FORMATS: Readonly<Record<string, TextFormat>> = {
  date: 'date',
  'date-time': 'date-time',
  time: 'time',
  email: 'email',
  uri: 'uri',
  url: 'uri',
};

type Schema = { readonly [name: string]: Json };

export function fieldOf(schema: Json, root: Json = schema, depth = 0): FormField {
  const resolved = resolve(schema, root);
  if (!resolved) return { kind: 'json' };
  const base: FieldBase = {
    ...(typeof resolved['title'] === 'string' && { title: resolved['title'] }),
    ...(typeof resolved['description'] === 'string' && { hint: resolved['description'] }),
    ...(resolved['default'] !== undefined && { default: resolved['default'] }),
  };
  const { schema: bare, isNullable } = withoutNull(resolved, root);
  return { ...base, ...(isNullable && { isNullable }), ...shapeOf(bare, root, depth) };
}

type Shape = FormField extends infer F
  ? F extends FormField
    ? Omit<F, keyof FieldBase> & Partial<FieldBase>
    : never
  : never;

function shapeOf(schema: Schema, root: Json, depth: number): Shape {
  if ('const' in schema) return { kind: 'choice', options: [schema['const']!] };
  if (Array.isArray(schema['enum'])) return { kind: 'choice', options: schema['enum'] };
  const alternatives = alternativesOf(schema);
  if (alternatives) return unionOf(alternatives, root, depth);
  // A form cannot express several conditions on one value.
  if ('allOf' in schema || 'not' in schema || 'if' in schema || '$ref' in schema) return { kind: 'json' };
  switch (schema['type']) {
    case 'string':
      return textOf(schema);
    case 'integer':
    case 'number':
      return {
        kind: 'number',
        isInteger: schema['type'] === 'integer',
        // Schemas give integers the bounds of JavaScript's safe range, which mean nothing to a person.
        ...numberAt(schema, 'minimum', 'min', (bound) => bound > Number.MIN_SAFE_INTEGER),
        ...numberAt(schema, 'maximum', 'max', (bound) => bound < Number.MAX_SAFE_INTEGER),
      };
    case 'boolean':
      return { kind: 'boolean' };
    case 'object':
      return objectOf(schema, root, depth);
    case 'array':
      return listOf(schema, root, depth);
    default:
      return { kind: 'json' };
  }
}

function textOf(schema: Schema): Shape {
  const format = typeof schema['format'] === 'string' ? TEXT_FORMATS[schema['format']] : undefined;
  return {
    kind: 'text',
    ...(format && { format }),
    ...numberAt(schema, 'minLength', 'minLength'),
    ...numberAt(schema, 'maxLength', 'maxLength'),
    // A format's pattern is left out, as no person can read it.
    ...(typeof schema['pattern'] === 'string' && !('format' in schema) && { pattern: schema['pattern'] }),
  };
}

function objectOf(schema: Schema, root: Json, depth: number): Shape {
  const properties = schemaIn(schema['properties']);
  if (!properties || depth >= DEEPEST || isOpenRecord(schema)) return { kind: 'json' };
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  return {
    kind: 'object',
    members: Object.entries(properties).map(([name, member]) => ({
      name,
      field: fieldOf(member, root, depth + 1),
      isRequired: required.includes(name),
    })),
  };
}

function isOpenRecord(schema: Schema): boolean {
  const more = schema['additionalProperties'];
  return (
    (typeof more === 'object' && more !== null && Object.keys(more).length > 0) ||
    'patternProperties' in schema
  );
}

function listOf(schema: Schema, root: Json, depth: number): Shape {
  const items = schemaIn(schema['items']);
  if (!items || 'prefixItems' in schema || depth >= DEEPEST) return { kind: 'json' };
  const least = schema['minItems'];
  return {
    kind: 'list',
    item: fieldOf(items, root, depth + 1),
    least: typeof least === 'number' ? least : 0,
    ...numberAt(schema, 'maxItems', 'most'),
  };
}

function unionOf(alternatives: readonly Json[], root: Json, depth: number): Shape {
  const constants = alternatives.map((one) => constantOf(resolve(one, root)));
  if (constants.every((one) => one !== undefined))
    return { kind: 'choice', options: constants.map(([value]) => value) };
  if (depth >= DEEPEST) return { kind: 'json' };
  const options = alternatives.map((one, index) => {
    const field = fieldOf(one, root, depth + 1);
    return { title: titleOf(field, resolve(one, root), index), field };
  });
  return options.some(({ field }) => field.kind === 'json') && options.length === 1
    ? { kind: 'json' }
    : { kind: 'union', options };
}

function titleOf(field: FormField, schema: Schema | undefined, index: number): string {
  if (field.title !== undefined) return field.title;
  if (field.kind === 'object') {
    for (const { name, field: member } of field.members)
      if (member.kind === 'choice' && member.options.length === 1)
        return `${name}: ${labelOf(member.options[0]!)}`;
    return `object of ${field.members.map(({ name }) => name).join(', ')}`.slice(0, 60);
  }
  if (field.kind === 'text' && field.format) return field.format;
  if (field.kind === 'list') return `list of ${titleOf(field.item, undefined, index)}s`;
  if (field.kind === 'choice') return field.options.map(labelOf).join(' or ').slice(0, 60);
  return typeof schema?.['type'] === 'string'
    ? schema['type']
    : field.kind === 'json'
      ? `option ${index + 1}`
      : field.kind;
}

export function labelOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function constantOf(schema: Schema | undefined): [Json] | undefined {
  if (!schema) return undefined;
  if ('const' in schema) return [schema['const']!];
  const { enum: values } = schema;
  return Array.isArray(values) && values.length === 1 ? [values[0]!] : undefined;
}

function alternativesOf(schema: Schema): readonly Json[] | undefined {
  const found = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(found)) return found;
  const { type } = schema;
  return Array.isArray(type) ? type.map((one) => ({ ...schema, type: one })) : undefined;
}

function withoutNull(schema: Schema, root: Json): { schema: Schema; isNullable?: true } {
  const alternatives = alternativesOf(schema);
  if (!alternatives) return { schema };
  const rest = alternatives.filter((one) => resolve(one, root)?.['type'] !== 'null');
  if (rest.length === alternatives.length) return { schema };
  if (rest.length === 1) {
    const only = resolve(rest[0]!, root);
    return { schema: only ?? {}, isNullable: true };
  }
  return { schema: { anyOf: [...rest] }, isNullable: true };
}

/** Follows references within the schema; the limit ends circular ones. */
function resolve(schema: Json, root: Json): Schema | undefined {
  let now = schemaIn(schema);
  for (let step = 0; now && typeof now['$ref'] === 'string' && step < 20; step++) {
    const { $ref, ...others } = now;
    const target = schemaIn(at(root, $ref));
    now = target && { ...target, ...others };
  }
  return now;
}

function at(root: Json, reference: string): Json | undefined {
  if (!reference.startsWith('#')) return undefined;
  let now: Json | undefined = root;
  for (const part of reference.slice(1).split('/').filter(Boolean)) {
    const name = decodeURIComponent(part).replace(/~1/g, '/').replace(/~0/g, '~');
    now =
      now !== null && typeof now === 'object' && Object.hasOwn(now, name) ? (now as Schema)[name] : undefined;
  }
  return now;
}

export function schemaIn(json: Json | undefined): Schema | undefined {
  return json !== null && typeof json === 'object' && !Array.isArray(json) ? json : undefined;
}

function numberAt<Name extends string>(
  schema: Schema,
  from: string,
  to: Name,
  isTold: (bound: number) => boolean = () => true,
): { [N in Name]?: number } {
  const bound = schema[from];
  return (typeof bound === 'number' && isTold(bound) ? { [to]: bound } : {}) as { [N in Name]?: number };
}

export function parametersField(parameters: readonly ParameterView[]): FormField {
  return {
    kind: 'object',
    members: parameters.map(({ name, schema, required: isRequired, default: initial }) => ({
      name,
      field: { ...fieldOf(schema), ...(initial !== undefined && { default: initial }) },
      isRequired,
    })),
  };
}
