/**
 * Values that JSON lacks are objects with the key `$type`, and mostly a `value`:
 *
 * | tag | value |
 * |---|---|
 * | `bytes` | base64 with padding |
 * | `date` | ISO 8601 in UTC with milliseconds, as `Date.prototype.toISOString` |
 * | `bigint` | decimal digits |
 * | `number` | `NaN`, `Infinity`, `-Infinity` or `-0` |
 * | `undefined` | absent |
 * | `map` | `[key, value]` pairs, ordered by the canonical text of the key |
 * | `set` | members, ordered by their canonical text |
 * | `stored` | `{ hash, size, mediaType? }`, a reference to bytes in the data store |
 * | `table` | `{ hash }`, a reference to the manifest of a table in the data store |
 * | `class:<name>` | the result of the codec of that name |
 * | `object` | a plain object that has a key `$type` itself |
 *
 * Values for body hosts (docs/body-protocol.md) also have `attachment`, the position of bytes beside the text. An
 * attachment is never hashed or stored. Nor is the `manifest` that a `table` has there.
 *
 * Texts are ordered by UTF-16 units, like keys in RFC 8785. These tagged forms are hashed: they never change.
 */
export const TAG = '$type';
export const VALUE = 'value';
export const CLASS_PREFIX = 'class:';
export const ATTACHMENT = 'attachment';

/** Greatest depth: deeper values are refused, so that no stack overflows. */
export const MAXIMUM_DEPTH = 1000;
