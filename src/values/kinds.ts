/**
 * Kinds of objects, without `instanceof`, which fails for objects of another realm (a workflow or test sandbox,
 * `node:vm`). Comparing with this realm's prototypes is fast; internal slots and prototype chains always work.
 */
type ObjectKind = 'plain' | 'array' | 'bytes' | 'date' | 'map' | 'set' | 'other';

const getPrototype = Object.getPrototypeOf as (value: object) => object | null;
const toISOString = Date.prototype.toISOString;
const getTime = Date.prototype.getTime;
const mapSize = getterOf(Map.prototype, 'size');
const setSize = getterOf(Set.prototype, 'size');
const typedArrayName = getterOf(getPrototype(Uint8Array.prototype)!, Symbol.toStringTag);

function getterOf(prototype: object, key: PropertyKey): (this: unknown) => unknown {
  return Object.getOwnPropertyDescriptor(prototype, key)!.get!;
}

/** Subclasses of arrays, dates, maps, sets and bytes (such as `Buffer`) are `other`. */
export function kindOf(value: object, prototype: object | null): ObjectKind {
  if (prototype === Object.prototype || prototype === null) return 'plain';
  if (prototype === Array.prototype) return Array.isArray(value) ? 'array' : 'other';
  if (prototype === Date.prototype) return 'date';
  if (prototype === Map.prototype) return 'map';
  if (prototype === Set.prototype) return 'set';
  if (isPlainBytes(value)) return 'bytes';
  return kindInAnyRealm(value, prototype);
}

function kindInAnyRealm(value: object, prototype: object): ObjectKind {
  const parent = getPrototype(prototype);
  if (parent === null) return Object.hasOwn(prototype, 'isPrototypeOf') ? 'plain' : 'other';
  if (getPrototype(parent) !== null) return 'other';
  if (Array.isArray(value)) return Array.isArray(prototype) ? 'array' : 'other';
  if (answers(() => getTime.call(value as Date))) return 'date';
  if (answers(() => mapSize.call(value))) return 'map';
  if (answers(() => setSize.call(value))) return 'set';
  return 'other';
}

function answers(call: () => unknown): boolean {
  try {
    call();
    return true;
  } catch {
    return false;
  }
}

/** A `Uint8Array` of any realm, also a Node `Buffer`. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && typedArrayName.call(value) === 'Uint8Array';
}

/** A `Uint8Array` of any realm, but of no subclass: subclasses would come back as another class. */
export function isPlainBytes(value: unknown): value is Uint8Array {
  if (!isBytes(value)) return false;
  const prototype = getPrototype(value);
  if (prototype === Uint8Array.prototype) return true;
  // The prototype chain of plain bytes is, in any realm: its prototype, the typed arrays', the objects', null.
  const ofTypedArrays = prototype && getPrototype(prototype);
  const ofObjects = ofTypedArrays && getPrototype(ofTypedArrays);
  return ofObjects !== null && getPrototype(ofObjects) === null;
}

/** The bytes' memory as a plain `Uint8Array` of this realm. */
export function asPlainBytes(bytes: Uint8Array): Uint8Array {
  if (getPrototype(bytes) === Uint8Array.prototype) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A date of any realm in ISO form; undefined for an invalid date. */
export function isoOf(date: object): string | undefined {
  return Number.isNaN(getTime.call(date as Date)) ? undefined : toISOString.call(date as Date);
}

/** Whether the value is an object and no list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether the value is an error of any class and realm. */
export function isError(value: object): boolean {
  return Object.prototype.toString.call(value) === '[object Error]';
}

/** The value's class or built-in kind, for messages. */
export function classNameOf(value: object): string {
  const constructor: unknown = (value as { constructor?: unknown }).constructor;
  const name = typeof constructor === 'function' ? constructor.name : '';
  return name === '' || name === 'Object' ? Object.prototype.toString.call(value).slice(8, -1) : name;
}
