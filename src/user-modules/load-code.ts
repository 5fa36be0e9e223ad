import path from 'node:path';
import { isTapestry, type AnyTapestry } from '../authoring';
import { isEmitter, type EmitterDeclaration } from '../emitters';
import { isStream, type StreamDeclaration } from '../streams';
import { isTrigger, type TriggerDeclaration } from '../triggers';
import { whyNotLoadable } from './load-errors';
import { loadModule } from './load-module';

export const DOCUMENT_EXTENSIONS: ReadonlySet<string> = new Set(['.yaml', '.yml']);

export function isDocument(file: string): boolean {
  return DOCUMENT_EXTENSIONS.has(path.extname(file));
}

export interface LoadedCode {
  /** Tapestries that the file exports, alone or in lists, and those of its triggers and streams. */
  readonly tapestries: readonly AnyTapestry[];
  readonly triggers: readonly TriggerDeclaration[];
  readonly emitters: readonly EmitterDeclaration[];
  readonly streams: readonly StreamDeclaration[];
  readonly exported: unknown;
}

/** @throws SelvageError `FileNotLoadable`, or an authoring error of the file */
export async function loadCode(file: string): Promise<LoadedCode> {
  let exported: unknown;
  try {
    exported = await loadModule(file);
  } catch (error) {
    throw whyNotLoadable(file, error);
  }
  const values = exportsOf(exported);
  const triggers = values.filter(isTrigger);
  const streams = values.filter(isStream);
  const tapestries = [
    ...new Set([
      ...values.filter(isTapestry),
      ...triggers.flatMap(({ tapestry }) => tapestry ?? []),
      ...streams.map(({ tapestry }) => tapestry),
    ]),
  ];
  const emitters = values.filter(isEmitter);
  return { tapestries, triggers, streams, emitters, exported };
}

/** Exports of a module, with items of lists. A CommonJS module's default export may be an object of exports. */
function exportsOf(exported: unknown): unknown[] {
  const byDefault = (exported as { default?: unknown } | null | undefined)?.default;
  const values = [exported, ...valuesOf(exported), ...valuesOf(byDefault)];
  return [...new Set(values.flatMap((value) => (Array.isArray(value) ? value.flat() : [value])))];
}

function valuesOf(value: unknown): unknown[] {
  return typeof value === 'object' &&
    value !== null &&
    !isTrigger(value) &&
    !isEmitter(value) &&
    !isStream(value)
    ? Object.values(value)
    : [];
}
