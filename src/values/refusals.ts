import { classNameOf, isError } from './kinds';

const REGISTER_A_CODEC =
  'Return a plain object with its data, or register a codec for the class with registerValueCodec().';
const STORE_IT = 'Store it with ctx.store() and return the reference.';
const VIEW_AS_BYTES = 'Use a Uint8Array over the same buffer, or a list of numbers.';
const AS_BYTES = 'It would come back as a Uint8Array: make one of it, new Uint8Array(buffer).';
const UNBOX = 'Use the primitive value.';
const REMEDIES: ReadonlyMap<string, string> = new Map([
  ['Promise', 'Await it first.'],
  ['WeakMap', 'Use a Map.'],
  ['WeakSet', 'Use a Set.'],
  ['RegExp', 'Keep its source and flags as strings.'],
  ['Buffer', AS_BYTES],
  ['Blob', STORE_IT],
  ['File', STORE_IT],
  ['Readable', STORE_IT],
  ['ReadableStream', STORE_IT],
  ...['ArrayBuffer', 'SharedArrayBuffer', 'DataView'].map((name) => [name, VIEW_AS_BYTES] as const),
  ...['String', 'Number', 'Boolean', 'BigInt', 'Symbol'].map((name) => [name, UNBOX] as const),
]);

/** The advice for objects that are neither data nor have a codec. */
export function refusalOf(value: object): { reason: string; remedy: string } {
  const name = classNameOf(value);
  return { reason: `it is an instance of ${name}`, remedy: remedyFor(value, name) };
}

function remedyFor(value: object, name: string): string {
  if (ArrayBuffer.isView(value) && !REMEDIES.has(name)) return VIEW_AS_BYTES;
  if (isError(value)) return 'Throw it, or keep its name and message in a plain object.';
  return REMEDIES.get(name) ?? REGISTER_A_CODEC;
}
