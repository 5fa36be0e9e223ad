import { contentHash, listOfParts, recordOfParts, type Encoded, type Sha256 } from '../values';
import { uniqueParents, type PlanKnot } from '../plan';
import type { StoredValue } from '../ports';
import type { EncodedValue } from './encoded-value';
import type { MapElements } from './map-elements';
import { SLICE_LIMITS, type SliceLimits } from './slice-limits';

export type SharedReference = Pick<EncodedValue, 'hash' | 'size' | 'stored'>;

/** A slice as stored in the data store: the elements, and references to their shared values. */
export interface SliceContent {
  readonly first: number;
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly keys?: readonly string[];
  readonly shared: Readonly<Record<string, SharedReference>>;
}

export interface WrittenSlice {
  readonly value: StoredValue;
  readonly elements: number;
}

/** References to the shared values of a map's elements, by parent. */
export function sharedReferences(
  map: PlanKnot,
  valueOf: (parent: number) => SharedReference,
): Record<string, SharedReference> {
  const shared: Record<string, SharedReference> = {};
  for (const parent of uniqueParents(map)) {
    if (!isShared(map.inputs, parent)) continue;
    const { hash, size, stored } = valueOf(parent);
    shared[parent] = { hash, size, ...(stored !== undefined && { stored }) };
  }
  return shared;
}

function isShared(inputs: Readonly<Record<string, object>>, parent: number): boolean {
  return Object.entries(inputs).some(
    ([name, input]) => name.startsWith('shared.') && (input as { parent?: number }).parent === parent,
  );
}

/** The slices from a given element on; they reach the end of the list if `next` is undefined. */
export function slicesFrom(
  { count, keys, lists }: MapElements,
  from: number,
  shared: Readonly<Record<string, SharedReference>>,
  digest: Sha256,
  limits: SliceLimits = SLICE_LIMITS,
): { slices: WrittenSlice[]; next: number | undefined } {
  const slices: WrittenSlice[] = [];
  let first = from;
  while (first < count && slices.length < limits.slices) {
    const end = endOfSlice(lists, first, count, limits);
    const content: SliceContent = {
      first,
      lists: new Map([...lists].map(([name, texts]) => [name, texts.slice(first, end)])),
      ...(keys && { keys: keys.slice(first, end) }),
      shared,
    };
    slices.push({ value: storedSlice(content, digest), elements: end - first });
    first = end;
  }
  return { slices, next: first < count ? first : undefined };
}

function endOfSlice(
  lists: ReadonlyMap<string, readonly string[]>,
  first: number,
  count: number,
  limits: SliceLimits,
): number {
  let bytes = 0;
  for (let end = first; end < count; end++) {
    for (const texts of lists.values()) bytes += Buffer.byteLength(texts[end]!);
    if (end > first && (end - first >= limits.elements || bytes > limits.bytes)) return end;
  }
  return count;
}

function storedSlice({ first, lists, keys, shared }: SliceContent, digest: Sha256): StoredValue {
  const texts = new Map([...lists].map(([name, parts]) => [name, textOf(listOfParts(parts))]));
  const members = new Map([
    ['first', String(first)],
    ['lists', textOf(recordOfParts(texts))],
    ['shared', JSON.stringify(shared)],
    ...(keys ? [['keys', JSON.stringify(keys)] as const] : []),
  ]);
  const encoded = recordOfParts(members);
  return { hash: contentHash(encoded, digest), bytes: Buffer.from(textOf(encoded)) };
}

function textOf(encoded: Encoded): string {
  return (encoded as { text: string }).text;
}
