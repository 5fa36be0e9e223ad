import { decodeText, decodeValue, encodeValue, hashText, partOf, valueOfPart, type Sha256 } from '../values';
import type { ValueId } from './cache-key';
import { encodeOutput, storedReference, type EncodedValue } from './encoded-value';

export function idOfPart(text: string, digest: Sha256): ValueId {
  const value = valueOfPart(text);
  if (value?.kind === 'json') return { hash: hashText(text, digest) };
  const { hash, stored } = encodeOutput(decodeText(text), digest);
  return { hash, ...(stored !== undefined && { stored }) };
}

export function freshPart(text: string): unknown {
  const value = valueOfPart(text);
  return value?.kind === 'bytes' ? decodeValue(value) : decodeText(text);
}

/** An element's value as a part of the list. Undefined if the element's bytes are not at hand. */
export function partOfValue({ encoded, hash, size, stored }: EncodedValue): string | undefined {
  if (stored !== undefined) return partOfStored({ hash, size, stored });
  return encoded && partOf(encoded);
}

export function partOfStored({ hash, size, stored }: { hash: string; size: number; stored: string }): string {
  return partOf(encodeValue(storedReference({ hash, size, stored })));
}
