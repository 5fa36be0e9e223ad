/**
 * What JSON cannot say is written as an object with the key `$type`, and mostly a `value`:
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
 * | `class:<name>` | what the codec of that name answers |
 * | `object` | a plain object that has a key `$type` itself |
 *
 * A value on its way to or from a body host (docs/body-protocol.md) has one more: `attachment`, whose value is the position of its
 * bytes beside the text. It is never hashed or stored.
 *
 * Texts are ordered by UTF-16 code units, as RFC 8785 orders keys. These forms are hashed: they never change.
 */
export const TAG = '$type';
export const VALUE = 'value';
export const CLASS_PREFIX = 'class:';
export const ATTACHMENT = 'attachment';

/** Most levels of nesting. Deeper values are refused, so that no stack overflows. */
export const MAXIMUM_DEPTH = 1000;
