import { SelvageError } from '../errors';
import type { DataStore } from '../protocols';
import { keyMissing } from './keyring';
import { invalidKey, type SealingKey } from './sealing-key';

/**
 * A data store says with which keys values in it are sealed: names of sealed values do not, so that a process without a key would take a value
 * for missing that it only cannot see. The marks are values under names that no sealed value has, one a key.
 */
const SLOTS = Array.from(
  { length: 16 },
  (_, slot) => `sealed:${'0'.repeat(94)}${slot.toString(16).padStart(2, '0')}`,
);
const SLOT_NAMES = new Set(SLOTS);

/** What a mark says of a key. */
export interface KeyMark {
  readonly id: string;
  readonly tag: string;
}

export function isKeyMark(name: string): boolean {
  return SLOT_NAMES.has(name);
}

/** By the names of their marks. */
export async function readKeyMarks(store: DataStore): Promise<Map<string, KeyMark>> {
  const found = await store.getMany(SLOTS);
  const marks = new Map<string, KeyMark>();
  for (const [name, bytes] of found) {
    try {
      const { id, tag } = JSON.parse(Buffer.from(bytes).toString()) as Partial<KeyMark>;
      if (typeof id === 'string' && typeof tag === 'string') marks.set(name, { id, tag });
    } catch {
      // A damaged mark marks nothing.
    }
  }
  return marks;
}

/**
 * Says in the store that values in it are sealed with this key.
 *
 * @throws SelvageError `InvalidKey`: another key of this id has sealed values in it
 */
export async function markKey(store: DataStore, { id, tag }: SealingKey): Promise<void> {
  for (;;) {
    const marks = await readKeyMarks(store);
    const standing = [...marks.values()];
    if (standing.some((mark) => mark.tag === tag)) return;
    if (standing.some((mark) => mark.id === id)) throw otherKey(store, id);
    const free = SLOTS.find((slot) => !marks.has(slot));
    if (free === undefined)
      throw invalidKey(
        `The data store (${store.technology}) has values of ${SLOTS.length} keys: reseal those of the old ones first.`,
      );
    // Where two are after one slot, one of them finds the other's mark in it, and takes the next.
    await store.put([{ hash: free, bytes: Buffer.from(JSON.stringify({ id, tag })) }]);
  }
}

/** Nothing in the store is sealed with a key any more. */
export async function unmarkKey(store: DataStore, { tag }: Pick<SealingKey, 'tag'>): Promise<void> {
  for (const [name, mark] of await readKeyMarks(store)) if (mark.tag === tag) await store.delete(name);
}

/**
 * Refuses to work where values may be sealed with keys that are not at hand.
 *
 * @throws SelvageError `KeyMissing`, `InvalidKey`
 */
export async function requireKeysOf(store: DataStore, keys: readonly SealingKey[]): Promise<void> {
  for (const { id, tag } of (await readKeyMarks(store)).values()) {
    if (keys.some((key) => key.tag === tag)) continue;
    throw keys.some((key) => key.id === id) ? otherKey(store, id) : keyMissing(id);
  }
}

function otherKey({ technology }: DataStore, id: string): SelvageError {
  return new SelvageError(
    'InvalidKey',
    `The key "${id}" is another one than the one of this id that values in the data store (${technology}) are sealed with. Give the right one, ` +
      'or give this one an id of its own.',
    { details: { key: id } },
  );
}
