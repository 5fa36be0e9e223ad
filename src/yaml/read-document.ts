import type { core as Zod } from 'zod';
import { capitalized } from '../errors';
import { nearestName } from '../authoring/names';
import type { Problems, Range } from './problems';
import { shapes, SYNONYMS, TYPE_SYNONYMS } from './shapes';
import { partAt, valueOf, type Syntax, type SyntaxMap } from './syntax';

type Fields = Readonly<Record<string, unknown>>;

/** A checked map of a document, with keys in this package's names. */
export class Section {
  constructor(
    readonly syntax: SyntaxMap,
    readonly fields: Fields,
  ) {}

  /** Position of a key's value, or of a part of it; the section's if it is missing. */
  at(...path: readonly PropertyKey[]): Range {
    const [key, ...rest] = path;
    const entry = key === undefined ? undefined : this.entry(String(key));
    return entry ? partAt(entry.value, rest).range : this.head;
  }

  /** Position of a key, or of a key below it. */
  keyAt(...path: readonly string[]): Range {
    const [key, ...rest] = path;
    const entry = key === undefined ? undefined : this.entry(key);
    if (!entry) return this.head;
    const last = rest.at(-1);
    if (last === undefined) return entry.key;
    const parent = partAt(entry.value, rest.slice(0, -1));
    return (parent.kind === 'map' && parent.entries.get(last)?.key) || entry.key;
  }

  /** The first line represents the section. */
  get head(): Range {
    return headOf(this.syntax);
  }

  private entry(key: string): { readonly key: Range; readonly value: Syntax } | undefined {
    const { entries } = this.syntax;
    const found = entries.get(key);
    if (found) return found;
    const synonym = Object.keys(SYNONYMS).find((name) => SYNONYMS[name] === key);
    return synonym === undefined ? undefined : entries.get(synonym);
  }
}

export interface NodeSection {
  readonly section: Section;
  readonly type: string;
  readonly id: string;
}

export interface DocumentSection {
  readonly section: Section;
  readonly nodes: readonly NodeSection[];
  readonly triggers: readonly { readonly section: Section; readonly type: string }[];
}

function headOf(syntax: Syntax): Range {
  if (syntax.kind !== 'map') return syntax.range;
  const [first] = syntax.entries.values();
  return first
    ? [first.key[0], Math.max(first.key[1], first.value.kind === 'scalar' ? first.value.range[1] : 0)]
    : syntax.range;
}

/** A mistake in one node does not affect others. */
export function readDocument(syntax: Syntax, problems: Problems): DocumentSection | undefined {
  if (syntax.kind !== 'map') {
    problems.add(syntax.range, {
      code: 'InvalidValue',
      message: `A document is a map, and this one is ${nameOf(syntax)}.`,
      expected: 'name: …, and nodes: with a list of nodes',
    });
    return undefined;
  }
  // Nodes and triggers are checked individually, by type; their lists are large.
  const whole: SyntaxMap = {
    ...syntax,
    entries: new Map([...syntax.entries].filter(([key]) => key !== 'nodes' && key !== 'triggers')),
  };
  const fields = valueOf(whole) as Fields;
  const lists = Object.fromEntries(
    ['nodes', 'triggers'].flatMap((key) => {
      const list = syntax.entries.get(key)?.value;
      return list === undefined ? [] : [[key, list.kind === 'list' ? [] : valueOf(list)]];
    }),
  );
  checkShape(shapes().document, { ...fields, ...lists }, syntax, 'a document', problems);
  const nodes = partsOf(syntax, 'nodes').flatMap((item) => {
    const read = readTyped(item, '', 'a node', problems);
    if (!read) return [];
    const id = read.section.fields['id'];
    return typeof id === 'string' && id !== '' ? [{ ...read, id }] : [];
  });
  const triggers = partsOf(syntax, 'triggers').flatMap(
    (item) => readTyped(item, TRIGGER, 'a trigger', problems) ?? [],
  );
  return { section: sectionOf(whole, fields, problems), nodes, triggers };
}

function partsOf(syntax: SyntaxMap, key: string): readonly Syntax[] {
  const value = syntax.entries.get(key)?.value;
  return value?.kind === 'list' ? value.items : [];
}

/** Prefix of the types of triggers. */
const TRIGGER = 'trigger ';

/** Reads a section by its `type`; undefined if the type is unknown. */
function readTyped(
  syntax: Syntax,
  prefix: string,
  what: string,
  problems: Problems,
): { readonly section: Section; readonly type: string } | undefined {
  if (syntax.kind !== 'map') {
    problems.add(syntax.range, {
      code: 'InvalidValue',
      message: `${capitalized(what)} is a map, and this is ${nameOf(syntax)}.`,
      expected: what === 'a node' ? '{ id: …, type: …, … }' : '{ type: …, … }',
    });
    return undefined;
  }
  const type = syntax.entries.get('type');
  if (!type) {
    problems.add(headOf(syntax), {
      code: 'MissingKey',
      message: `${capitalized(what)} has no "type".`,
      expected: `type: ${typesOf(prefix).join(' | ')}`,
    });
    return undefined;
  }
  const name = type.value.kind === 'scalar' ? type.value.value : undefined;
  const shape = typeof name === 'string' ? shapeOf(prefix, name) : undefined;
  if (typeof name !== 'string' || shape === undefined) {
    const known = typesOf(prefix);
    const nearest = typeof name === 'string' ? nearestName(name, known) : undefined;
    problems.add(type.value.range, {
      code: 'InvalidValue',
      message: `There is no type ${JSON.stringify(name ?? nameOf(type.value))} of ${what.slice(2)}s${nearest === undefined ? '' : ` (did you mean "${nearest}"?)`}.`,
      expected: known.join(', '),
      ...(nearest !== undefined && { suggestion: nearest }),
    });
    return undefined;
  }
  const owner = prefix === '' ? `a node of type ${name}` : `a trigger of type ${name}`;
  const given = valueOf(syntax) as Fields;
  const section = sectionOf(syntax, given, problems);
  checkShape(shape, given, syntax, owner, problems);
  return { section, type: TYPE_SYNONYMS[name] ?? name };
}

function shapeOf(prefix: string, type: string): Zod.$ZodType | undefined {
  const { nodes } = shapes();
  const name = `${prefix}${type}`;
  return type.startsWith(TRIGGER) || !Object.hasOwn(nodes, name) ? undefined : nodes[name];
}

function typesOf(prefix: string): string[] {
  return Object.keys(shapes().nodes)
    .filter((name) => (prefix === '' ? !name.startsWith(TRIGGER) : name.startsWith(prefix)))
    .map((name) => name.slice(prefix.length));
}

/** Refuses a key under two names. `given` has the keys as written. */
function sectionOf(syntax: SyntaxMap, given: Fields, problems: Problems): Section {
  if (!Object.keys(given).some(isSynonym)) return new Section(syntax, given);
  const fields: Record<string, unknown> = {};
  for (const [key, { key: range }] of syntax.entries) {
    const name = isSynonym(key) ? SYNONYMS[key]! : key;
    if (Object.hasOwn(fields, name)) {
      problems.add(range, {
        code: 'InvalidConfig',
        reason: 'Conflict',
        message: `"${key}" says what another key says already: they are two names of one thing. Remove one of the two.`,
      });
      continue;
    }
    fields[name] = given[key];
  }
  return new Section(syntax, fields);
}

const isSynonym = (key: string): boolean => Object.hasOwn(SYNONYMS, key);

function checkShape(
  shape: Zod.$ZodType,
  value: unknown,
  syntax: SyntaxMap,
  owner: string,
  problems: Problems,
): void {
  const result = (
    shape as unknown as { safeParse(value: unknown): { error?: { issues: readonly Zod.$ZodIssue[] } } }
  ).safeParse(value);
  for (const issue of result.error?.issues ?? []) report(issue, shape, syntax, owner, problems);
}

function report(
  issue: Zod.$ZodIssue,
  shape: Zod.$ZodType,
  syntax: SyntaxMap,
  owner: string,
  problems: Problems,
): void {
  const { path } = issue;
  const part = partAt(syntax, path);
  if (problems.isDamaged(part.range)) return;
  const where = path.length === 0 ? owner : `"${path.join('.')}" of ${owner}`;
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) {
      const range = (part.kind === 'map' && part.entries.get(key)?.key) || part.range;
      const known = keysAt(shape, path);
      const nearest = nearestName(key, known);
      problems.add(range, {
        code: 'UnknownKey',
        message: `There is no key ${JSON.stringify(key.slice(0, 80))} in ${where}${nearest === undefined ? '' : ` (did you mean "${nearest}"?)`}.`,
        ...(known.length > 0 && { expected: known.join(', ') }),
        ...(nearest !== undefined && { suggestion: nearest }),
      });
    }
    return;
  }
  const last = path.at(-1);
  const parent = partAt(syntax, path.slice(0, -1));
  const isMissing = parent.kind === 'map' && last !== undefined && !parent.entries.has(String(last));
  if (isMissing) {
    problems.add(headOf(parent), {
      code: 'MissingKey',
      message: `There is no "${String(last)}" in ${path.length === 1 ? owner : `"${path.slice(0, -1).join('.')}" of ${owner}`}.`,
      expected: `${String(last)}: ${expectedOf(issue)}`,
    });
    return;
  }
  const options = issue.code === 'invalid_value' ? issue.values.map(String) : [];
  const given = part.kind === 'scalar' ? part.value : undefined;
  const nearest = typeof given === 'string' ? nearestName(given, options) : undefined;
  problems.add(part.kind === 'scalar' ? part.range : firstLineOf(part), {
    code: 'InvalidValue',
    message: `${capitalized(where)} cannot be ${nameOf(part)}${nearest === undefined ? '' : ` (did you mean "${nearest}"?)`}.`,
    expected: expectedOf(issue),
    ...(nearest !== undefined && { suggestion: nearest }),
  });
}

/** The place of a list or map of many lines is its first line. */
function firstLineOf(syntax: Syntax): Range {
  return syntax.kind === 'map'
    ? headOf(syntax)
    : syntax.kind === 'list' && syntax.items[0]
      ? [syntax.range[0], syntax.items[0].range[1]]
      : syntax.range;
}

function keysAt(shape: Zod.$ZodType, path: readonly PropertyKey[]): string[] {
  let at: unknown = shape;
  for (const step of path) at = inner(at, step);
  const fields = (unwrapped(at) as { shape?: object } | undefined)?.shape;
  return fields ? Object.keys(fields).filter((key) => !Object.hasOwn(SYNONYMS, key)) : [];
}

function inner(shape: unknown, step: PropertyKey): unknown {
  const at = unwrapped(shape) as
    { shape?: Record<PropertyKey, unknown>; _zod?: { def?: Record<string, unknown> } } | undefined;
  return at?.shape?.[step] ?? at?._zod?.def?.['element'] ?? at?._zod?.def?.['valueType'];
}

function unwrapped(shape: unknown): unknown {
  let at = shape;
  for (;;) {
    const def = (at as { _zod?: { def?: { type?: string; innerType?: unknown } } } | undefined)?._zod?.def;
    if (!def || (def.type !== 'optional' && def.type !== 'nullable')) return at;
    at = def.innerType;
  }
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  record: 'a map',
  object: 'a map',
  array: 'a list',
};

function expectedOf(issue: Zod.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return KINDS[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return issue.values
        .map((value) => JSON.stringify(value))
        .join(' or ')
        .replaceAll('"', '');
    case 'too_small':
      return issue.origin === 'string'
        ? 'a text that is not empty'
        : issue.origin === 'array'
          ? `a list of at least ${issue.minimum}`
          : `${issue.minimum} or more`;
    default:
      return issue.message;
  }
}

function nameOf(syntax: Syntax): string {
  if (syntax.kind === 'list') return 'a list';
  if (syntax.kind === 'map') return 'a map';
  const { value } = syntax;
  if (value === null) return 'empty';
  return typeof value === 'string'
    ? JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
    : String(value);
}
