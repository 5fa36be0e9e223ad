import { LRUCache } from 'lru-cache';
import { listParts, recordParts } from '../values';
import {
  decodeStored,
  readAllStored,
  storedReference,
  type ElementKnot,
  type SliceContent,
  type ValueId,
  type ElementInputs,
} from '../runtime';
import { readStored, type StoredValues } from './stored-values';

export class Slice implements ElementInputs {
  readonly first: number;
  readonly keys: readonly string[] | undefined;
  readonly bytes: number;
  private readonly lists: ReadonlyMap<string, readonly string[]>;

  private constructor(
    content: SliceContent,
    size: number,
    private readonly values: ReadonlyMap<string, Uint8Array>,
  ) {
    this.first = content.first;
    this.keys = content.keys;
    this.lists = content.lists;
    this.shared = content.shared;
    let bytes = 2 * size;
    for (const { byteLength } of values.values()) bytes += byteLength;
    for (const parts of this.lists.values()) bytes += PART_BYTES * parts.length;
    this.bytes = bytes;
  }

  private readonly shared: SliceContent['shared'];

  /** Errors as for {@link readAllStored}. */
  static async read(hash: string, map: string, from: StoredValues): Promise<Slice> {
    const bytes = await readStored(from, hash, map);
    const content = contentOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
    const shared = Object.values(content.shared).filter(({ stored }) => stored === undefined);
    const values = await readAllStored(
      from,
      shared.map((value) => [value.hash, map]),
    );
    for (const [read, ofRead] of values) from.recentValues.add({ hash: read, bytes: ofRead });
    return new Slice(content, bytes.byteLength, values);
  }

  textOf({ position }: ElementKnot, input: string): string | undefined {
    return this.lists.get(input)?.[position - this.first];
  }

  sharedId(parent: number): ValueId {
    return this.shared[parent]!;
  }

  sharedValue(parent: number): unknown {
    const { hash, size, stored } = this.shared[parent]!;
    return stored === undefined
      ? decodeStored(hash, this.values.get(hash)!)
      : storedReference({ hash, size, stored });
  }
}

function contentOf(text: string): SliceContent {
  const { keys: names, texts } = recordParts({ kind: 'json', text })!;
  const textAt = (name: string): string => texts[names.indexOf(name)]!;
  const lists = recordParts({ kind: 'json', text: textAt('lists') })!;
  return {
    first: Number(textAt('first')),
    lists: new Map(
      lists.keys.map((name, index) => [name, listParts({ kind: 'json', text: lists.texts[index]! })!]),
    ),
    ...(names.includes('keys') && { keys: JSON.parse(textAt('keys')) as string[] }),
    shared: JSON.parse(textAt('shared')) as SliceContent['shared'],
  };
}

const LIMIT_BYTES = 64 * 1024 * 1024;
const PART_BYTES = 40;
/** Slices are read again after this time: a slice whose subject was forgotten must not stay in memory. */
const MEMORY_MS = 15_000;

/** Slices whose elements this worker runs. Bounded by bytes; drops the least recently used slices first. */
export class SliceCache {
  private readonly slices: LRUCache<string, Slice, string>;

  constructor(from: StoredValues) {
    this.slices = new LRUCache({
      maxSize: LIMIT_BYTES,
      // A slice larger than the bound is kept alone.
      sizeCalculation: ({ bytes }) => Math.min(bytes, LIMIT_BYTES),
      ttl: MEMORY_MS,
      ttlAutopurge: true,
      fetchMethod: (hash, _, { context: map }) => Slice.read(hash, map, from),
      ignoreFetchAbort: true,
    });
  }

  get(hash: string, map: string): Promise<Slice> {
    return this.slices.forceFetch(hash, { context: map });
  }
}
