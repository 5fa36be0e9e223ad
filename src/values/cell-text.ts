import { TAG, VALUE } from './tags';
import type { Json } from './json';

/** A text, number or time in plain characters, '' for null, all else as JSON. */
export function cellText(json: Json): string {
  if (json === null) return '';
  if (typeof json !== 'object') return String(json);
  const { [TAG]: tag, [VALUE]: value } = json as Readonly<Record<string, Json>>;
  const isPlain = tag === 'date' || tag === 'number' || tag === 'bigint';
  return isPlain && typeof value === 'string' ? value : JSON.stringify(json);
}
