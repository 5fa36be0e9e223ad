import type { DefinitionRecord, KnotRecord, TapestryRecord } from './records';

/** Symbols from wrappers to records, global so that objects of other realms and package copies are recognised. */
const KNOT = Symbol.for('selvage.knot');
const DEFINITION = Symbol.for('selvage.definition');
const TAPESTRY = Symbol.for('selvage.tapestry');

/** The mark of emitters is here because emitters import this folder, and not the reverse. */
export const EMITTER = Symbol.for('selvage.emitter');

export function declared<T extends object>(declaration: T, mark: symbol): T {
  hidden(declaration, mark, true);
  return Object.freeze(declaration);
}

export function isDeclared(value: unknown, mark: symbol): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, mark);
}

export const isMarkedEmitter = (value: unknown): boolean => isDeclared(value, EMITTER);

function hidden(target: object, mark: symbol, record: object | true): void {
  Object.defineProperty(target, mark, { value: record });
}

function recordUnder<R>(value: unknown, mark: symbol): R | undefined {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  return Object.hasOwn(value, mark) ? ((value as Record<symbol, unknown>)[mark] as R) : undefined;
}

export function markKnot(target: object, record: KnotRecord): void {
  hidden(target, KNOT, record);
}

export function markDefinition(target: object, record: DefinitionRecord): void {
  hidden(target, DEFINITION, record);
}

export function markTapestry(target: object, record: TapestryRecord): void {
  hidden(target, TAPESTRY, record);
}

export function knotRecord(value: unknown): KnotRecord | undefined {
  return recordUnder(value, KNOT);
}

export function definitionRecord(value: unknown): DefinitionRecord | undefined {
  return recordUnder(value, DEFINITION);
}

export function tapestryRecord(value: unknown): TapestryRecord | undefined {
  return recordUnder(value, TAPESTRY);
}
