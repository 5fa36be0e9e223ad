import { decodeJson, isObject, referenceRefused, type DecodeOptions, type Json } from '../values';
import { decodeStored, storedReference, valueMissing, type ParameterReference } from '../runtime';
import type { DataStore } from '../ports';

/**
 * Reads references, if the run's starter has allowed them.
 *
 * @throws SelvageError `NotDecodable`, `ValueMissing`, `ValueDamaged`, `BackendUnavailable`
 */
export async function decodeParameters(
  dataStore: DataStore,
  raw: unknown,
  options: DecodeOptions,
): Promise<unknown> {
  const references = referencesIn(raw);
  const [first] = references.keys();
  if (first === undefined) return decodeJson(raw as Json, options);
  if (!options.allowReferences) throw referenceRefused(`The parameter "${first}"`);
  const whole = Object.entries(raw as object).filter(([name]) => !references.has(name));
  const unread = [...references.values()].filter(({ stored }) => stored === undefined);
  const read = await dataStore.getMany([...new Set(unread.map(({ hash }) => hash))]);
  const values = decodeJson(Object.fromEntries(whole)) as Record<string, unknown>;
  for (const [name, reference] of references) {
    const { hash } = reference;
    const bytes = read.get(hash);
    if (reference.stored === undefined && !bytes) throw valueMissing(hash, `param:${name}`);
    values[name] = bytes ? decodeStored(hash, bytes) : storedReference(reference);
  }
  return values;
}

/** By parameter name. */
export function referencesIn(raw: unknown): ReadonlyMap<string, ParameterReference> {
  if (!isObject(raw)) return new Map();
  const entries = Object.entries(raw);
  return new Map(entries.filter((entry): entry is [string, ParameterReference] => isReference(entry[1])));
}

function isReference(value: unknown): value is ParameterReference {
  if (typeof value !== 'object' || value === null) return false;
  const { $type, hash, size } = value as Partial<ParameterReference>;
  return $type === 'reference' && typeof hash === 'string' && typeof size === 'number';
}
