import { definitionRecord, knotRecord, tapestryRecord } from './marks';

/** Something that a constant must not contain. */
export interface Hidden {
  /** Path inside the constant, as `.users[3].owner`; empty for the constant itself. */
  readonly path: string;
  readonly what: string;
  readonly remedy: string;
}

interface Place {
  readonly value: unknown;
  readonly step: string;
  readonly parent: Place | undefined;
}

/** Finds a knot, definition or tapestry inside a constant, at any depth. Handles cycles; calls no getters. */
export function findHidden(constant: unknown): Hidden | undefined {
  if (!canHide(constant)) return undefined;
  const seen = new Set<object>();
  const open: Place[] = [{ value: constant, step: '', parent: undefined }];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const { value } = place;
    const found = recognise(value);
    if (found !== undefined) return { ...found, path: pathOf(place) };
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) continue;
    seen.add(value);
    for (const [step, part] of partsOf(value)) {
      if (canHide(part)) open.push({ value: part, step, parent: place });
    }
  }
  return undefined;
}

function canHide(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function recognise(value: unknown): Omit<Hidden, 'path'> | undefined {
  const knot = knotRecord(value);
  if (knot !== undefined) {
    return {
      what: `the knot "${knot.id}"`,
      remedy: 'Give it as an input of its own, so that it becomes a parent.',
    };
  }
  const definition = definitionRecord(value);
  if (definition !== undefined) {
    return {
      what: `the definition "${definition.name}"`,
      remedy: `Place it first, as ${definition.name}({ … }, { id: '…' }), and give the knot as an input.`,
    };
  }
  const tapestry = tapestryRecord(value);
  return tapestry === undefined
    ? undefined
    : {
        what: `the tapestry "${tapestry.name}"`,
        remedy: 'A tapestry is no value; give the values that the body needs.',
      };
}

function* partsOf(value: object): Iterable<readonly [step: string, part: unknown]> {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) yield [`[${index}]`, value[index]];
    return;
  }
  const tag = Object.prototype.toString.call(value);
  if (tag === '[object Map]' || tag === '[object Set]') {
    // Entries of maps are pairs, hence the further `[0]` and `[1]` in a path.
    let index = 0;
    for (const entry of value as Iterable<unknown>) yield [`[${index++}]`, entry];
    return;
  }
  for (const key of Reflect.ownKeys(value)) {
    const property = Object.getOwnPropertyDescriptor(value, key);
    if (property !== undefined && 'value' in property) yield [stepTo(key), property.value];
  }
}

function stepTo(key: string | symbol): string {
  if (typeof key === 'symbol') return `[${String(key)}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function pathOf(place: Place): string {
  const steps: string[] = [];
  for (let at: Place | undefined = place; at !== undefined; at = at.parent) steps.push(at.step);
  return steps.reverse().join('');
}
