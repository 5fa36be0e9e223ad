import type { DefinitionRecord, KnotRecord, TapestryRecord } from './records';

/**
 * Symbols that lead from the typed wrappers to their records. They come from the global symbol registry, so that a
 * knot, a definition or a tapestry is recognised whichever realm or copy of the package made it.
 */
const KNOT = Symbol.for('selvage.knot');
const DEFINITION = Symbol.for('selvage.definition');
const TAPESTRY = Symbol.for('selvage.tapestry');

/** Emitters are declared by code that knows this folder, and not the other way round. */
export const EMITTER = Symbol.for('selvage.emitter');

/** Freezes a declaration with a mark of the registry, by which each realm and copy of the package knows it. */
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

/** The record of a definition made by `knot()`, or of a knot class that has been placed. */
export function definitionRecord(value: unknown): DefinitionRecord | undefined {
  return recordUnder(value, DEFINITION);
}

export function tapestryRecord(value: unknown): TapestryRecord | undefined {
  return recordUnder(value, TAPESTRY);
}
