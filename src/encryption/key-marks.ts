import { SelvageError } from '../errors';
import type { DataStore } from '../ports';
import { partsOf } from '../ports/parts/composed-stores';
import { keyMissing } from './keyring';
import { invalidKey, type SealingKey } from './sealing-key';

/**
 * Marks of the keys that seal a data store's values, whose names do not show them. Without these marks, a process that
 * lacks a key would report such values missing. A mark is a value, one per key, under a name that no sealed value has.
 */
const SLOTS = Array.from(
  { length: 16 },
  (_, slot) => `sealed:${'0'.repeat(94)}${slot.toString(16).padStart(2, '0')}`,
);
const SLOT_NAMES = new Set(SLOTS);

interface KeyMark {
  readonly id: string;
  readonly tag: string;
}

export function isKeyMark(name: string): boolean {
  return SLOT_NAMES.has(name);
}

export async function readKeyMarks(store: DataStore): Promise<KeyMark[]> {
  const marks: KeyMark[] = [];
  for (const part of partsOf(store)) marks.push(...(await marksIn(part)).values());
  return marks;
}

/** By mark name. */
async function marksIn(store: DataStore): Promise<Map<string, KeyMark>> {
  const found = await store.getMany(SLOTS);
  const marks = new Map<string, KeyMark>();
  for (const [name, bytes] of found) {
    try {
      const { id, tag } = JSON.parse(Buffer.from(bytes).toString()) as Partial<KeyMark>;
      if (typeof id === 'string' && typeof tag === 'string') marks.set(name, { id, tag });
    } catch {
      // A mark that is damaged marks nothing.
    }
  }
  return marks;
}

/** @throws SelvageError `InvalidKey`: another key with this id has sealed values in the store */
export async function markKey(store: DataStore, { id, tag }: SealingKey): Promise<void> {
  // A store by size marks its part for small values, which is available without the other part.
  const place = partsOf(store)[0]!;
  for (;;) {
    const marks = await marksIn(place);
    const standing = [...marks.values()];
    if (standing.some((mark) => mark.tag === tag)) return;
    if (standing.some((mark) => mark.id === id)) throw otherKey(store, id);
    const free = SLOTS.find((slot) => !marks.has(slot));
    if (free === undefined)
      throw invalidKey(
        `The data store (${store.technology}) has values of ${SLOTS.length} keys: reseal those of the old ones first.`,
      );
    // If two processes want one slot, one of them finds the other's mark in it, and takes the next.
    await place.put([{ hash: free, bytes: Buffer.from(JSON.stringify({ id, tag })) }]);
  }
}

export async function unmarkKey(store: DataStore, { tag }: Pick<SealingKey, 'tag'>): Promise<void> {
  for (const part of partsOf(store))
    for (const [name, mark] of await marksIn(part)) if (mark.tag === tag) await part.delete(name);
}

/** Refuses a store with values of keys that this process lacks. @throws SelvageError `KeyMissing`, `InvalidKey` */
export async function requireKeysOf(store: DataStore, keys: readonly SealingKey[]): Promise<void> {
  for (const part of partsOf(store)) {
    // A store that opens at its first use is checked at that time.
    if ('isOpen' in part && part.isOpen === false) continue;
    for (const { id, tag } of (await marksIn(part)).values()) {
      if (keys.some((key) => key.tag === tag)) continue;
      throw keys.some((key) => key.id === id) ? otherKey(store, id) : keyMissing(id);
    }
  }
}

function otherKey({ technology }: DataStore, id: string): SelvageError {
  return new SelvageError(
    'InvalidKey',
    `The key "${id}" is not the key of this id that sealed values in the data store (${technology}). Give that key, ` +
      'or give this one another id.',
    { details: { key: id } },
  );
}
