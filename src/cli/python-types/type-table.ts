import { canonicalJson, type Json } from '../../values';
import { firstFree, typeName } from './names';

type Schema = Readonly<Record<string, unknown>>;

/** Names of TypeScript, and of imports in the written file. */
const KNOWN_TYPES = 'Array Bodies Date Map NoInputs Promise Record Set StoredBytes Table Uint8Array';
/** Keywords of JSON Schema about types; the other keywords describe values. */
const KEPT = ['type', 'enum', 'const', 'description', 'required'];
const UNIONS = ['anyOf', 'oneOf', 'allOf'];
const SCALARS: Readonly<Record<string, string>> = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  null: 'null',
};
const TAGGED: Readonly<Record<string, string>> = {
  bigint: 'bigint',
  bytes: 'Uint8Array',
  date: 'Date',
  stored: 'StoredBytes',
  table: 'Table',
};

/** The types of a file, for a library that knows older JSON Schema and no `x-type`. Equal schemas get one name. */
export class TypeTable {
  readonly definitions = new Map<string, Schema>();
  /** Names that the file imports from the package. */
  readonly imported = new Set<string>();
  readonly #taken = new Set(KNOWN_TYPES.split(' '));
  /** The names of types that have a name in Python, by the identity of the type. */
  readonly #named = new Map<string, string>();

  reserve(name: string): string {
    return firstFree([name], this.#taken);
  }

  define(name: string, schema: Schema, owner: string): void {
    this.definitions.set(name, this.#translated(schema, new Scope(schema, 'Input', owner), name));
  }

  /**
   * The TypeScript type of an output.
   *
   * @param owner the body; prefix of type names
   */
  textOf(schema: Schema, owner: string): string {
    return this.#text(schema, `${owner}Output`, new Scope(schema, 'Output', owner));
  }

  #text(schema: unknown, name: string, scope: Scope): string {
    const given = schemaOf(schema);
    const {
      $ref,
      type,
      items,
      properties,
      additionalProperties,
      anyOf,
      enum: members,
      'x-type': tag,
    } = given;
    if (typeof $ref === 'string') return this.#reference($ref, scope);
    if (typeof tag === 'string') return this.#tagged(tag, items, name, scope);
    const says = Object.keys(given).filter(
      (key) => !['$defs', 'title', 'default', 'description'].includes(key),
    );
    if (says.length === 0) return 'unknown';
    if (typeof type === 'string' && SCALARS[type] && members === undefined) return SCALARS[type];
    if (Array.isArray(members) && members.every(isScalar))
      return members.map((member) => JSON.stringify(member)).join(' | ');
    const tuple = tupleOf(given);
    if (tuple) return `[${tuple.map((part, i) => this.#text(part, `${name}${i + 1}`, scope)).join(', ')}]`;
    if (type === 'array' && items !== undefined) {
      const item = this.#text(items, `${name}Item`, scope);
      return /^\w+$/.test(item) ? `${item}[]` : `Array<${item}>`;
    }
    if (Array.isArray(anyOf)) {
      const arms = (anyOf as unknown[]).map((arm, i) => this.#text(arm, `${name}${i + 1}`, scope));
      return [...new Set(arms)].join(' | ');
    }
    if (type === 'object' && properties === undefined && additionalProperties !== false)
      return `Record<string, ${this.#text(additionalProperties, `${name}Value`, scope)}>`;
    const chosen = this.reserve(name);
    this.definitions.set(chosen, this.#translated(given, scope, chosen));
    return chosen;
  }

  #tagged(tag: string, items: unknown, name: string, scope: Scope): string {
    if (tag === 'stored' || tag === 'table') this.imported.add(TAGGED[tag]!);
    if (tag === 'set') return `Set<${this.#text(items, `${name}Item`, scope)}>`;
    if (tag === 'map') {
      const [key, value] = tupleOf(schemaOf(items)) ?? [];
      return `Map<${this.#text(key, `${name}Key`, scope)}, ${this.#text(value, `${name}Value`, scope)}>`;
    }
    return TAGGED[tag] ?? 'unknown';
  }

  /** A type that has a name in Python. */
  #reference(ref: string, scope: Scope): string {
    const own = scope.nameOf(ref);
    const target = scope.find(ref);
    if (own === undefined || target === undefined) return 'unknown';
    const identity = `${own} ${canonicalJson(scope.reachedFrom(ref) as Json)}`;
    const known = this.#named.get(identity);
    if (known !== undefined) return known;
    const short = typeName(own.slice(own.lastIndexOf('.') + 1));
    const names = [short, `${short}${scope.side}`, typeName(own), `${scope.owner}${short}`];
    const name = firstFree(names, this.#taken);
    this.#named.set(identity, name);
    this.definitions.set(name, this.#translated(target, scope, name));
    return name;
  }

  #translated(given: unknown, scope: Scope, name: string): Schema {
    const schema = schemaOf(given);
    const inner = (part: unknown, key: string): Schema =>
      this.#translated(part, scope, `${name}${typeName(key)}`);
    const { $ref, type, 'x-type': tag, description, properties, items, additionalProperties } = schema;
    if (typeof $ref === 'string' || typeof tag === 'string' || tupleOf(schema))
      return { tsType: this.#text(schema, name, scope), ...(description !== undefined && { description }) };
    const said: Record<string, unknown> = {};
    for (const key of KEPT) if (schema[key] !== undefined) said[key] = schema[key];
    for (const key of UNIONS) {
      const arms = schema[key];
      if (Array.isArray(arms)) said[key] = arms.map((arm, i) => inner(arm, String(i + 1)));
    }
    if (typeof properties === 'object' && properties !== null)
      said['properties'] = Object.fromEntries(
        Object.entries(properties).map(([key, part]) => [key, inner(part, key)]),
      );
    if (items !== undefined) said['items'] = inner(items, 'item');
    if (typeof additionalProperties === 'object' && additionalProperties !== null)
      said['additionalProperties'] = inner(additionalProperties, 'value');
    else if (additionalProperties !== undefined) said['additionalProperties'] = additionalProperties;
    else if (type === 'object' && properties === undefined) said['additionalProperties'] = true;
    return said;
  }
}

class Scope {
  readonly #definitions: Readonly<Record<string, unknown>>;

  /** @param owner the body; prefix of type names */
  constructor(
    { $defs }: Schema,
    readonly side: 'Input' | 'Output',
    readonly owner: string,
  ) {
    this.#definitions = schemaOf($defs);
  }

  nameOf(ref: string): string | undefined {
    const [, name] = /^#\/\$defs\/([^/]+)$/.exec(ref) ?? [];
    return name?.replaceAll('~1', '/').replaceAll('~0', '~');
  }

  find(ref: string): unknown {
    const name = this.nameOf(ref);
    return name === undefined ? undefined : this.#definitions[name];
  }

  /** All parts of a named type, by name. */
  reachedFrom(ref: string): Readonly<Record<string, unknown>> {
    const reached: Record<string, unknown> = {};
    const queue = [ref];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const name = this.nameOf(next);
      if (name === undefined || name in reached) continue;
      const target = (reached[name] = this.find(next) ?? null);
      queue.push(...refsIn(target));
    }
    return reached;
  }
}

function refsIn(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : refsIn(inner),
  );
}

function tupleOf({ prefixItems }: Schema): readonly unknown[] | undefined {
  return Array.isArray(prefixItems) ? (prefixItems as unknown[]) : undefined;
}

function isScalar(member: unknown): boolean {
  return member === null || typeof member !== 'object';
}

/** The schema `true` fits anything, as `{}` does. */
function schemaOf(schema: unknown): Schema {
  return typeof schema === 'object' && schema !== null ? (schema as Schema) : {};
}
