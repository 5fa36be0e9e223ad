import type { StoredBytes } from '../canonical';

/**
 * Types that are to be taken as values though the compiler would not: classes with a codec (`registerValueCodec`), and what you know
 * better. Extended by users: `declare module 'selvage' { interface EncodableTypes { money: Money } }`. The names count for nothing.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface EncodableTypes {}

/** What stands in an error of the compiler beside a result that cannot be a value. `Parts`: which parts of it, and why. */
export interface NotEncodable<Parts extends string> {
  readonly 'Return plain data, or name the type in EncodableTypes: docs/values.md': Parts;
}

/**
 * Refuses an `O` of which the compiler knows that a part cannot be encoded: `unknown` where all can be, else {@link NotEncodable}. Of `any`, `unknown`
 * and type parameters nothing is known. An instance without methods looks like plain data; that, and what lies deeper than eight levels,
 * is refused when it is to be encoded.
 */
export type Encodable<O> = {
  readonly fine: unknown;
  readonly [part: number]: Refused<UnencodableParts<Awaited<O>>>;
}[Verdict<O>];

/*
 * The compiler cannot decide about a type parameter. It would refuse a result of such a type if the error stood in a conditional type. Of an
 * index that is conditional it takes the branch that is not `any` for granted: so a type parameter is `fine`. Where a type is known to be bad, `any`
 * as an index is the one of numbers.
 */
type Verdict<O> = [UnencodableParts<Awaited<O>>] extends [never] ? 'fine' : any;

/** Where the result has an error of its own, which makes `any` of all that depends on it, that one is told, and no other. */
type Refused<Parts extends string> = string extends Parts ? unknown : NotEncodable<Parts>;

type Primitive = string | number | bigint | boolean | null | undefined | void;

type UnencodableParts<T, Path extends string = 'it', Seen = never, Depth extends readonly unknown[] = []> =
  IsKnown<T> extends false
    ? never
    : T extends Primitive | EncodableTypes[keyof EncodableTypes]
      ? never
      : T extends symbol
        ? `${Path} is a symbol`
        : T extends ((...args: never) => unknown) | (abstract new (...args: never) => unknown)
          ? `${Path} is a function`
          : T extends { readonly readUInt8: unknown }
            ? `${Path} is a Buffer, which would come back as a Uint8Array`
            : T extends Uint8Array | Date | StoredBytes
              ? never
              : [T] extends [Seen]
                ? never
                : Depth['length'] extends 8
                  ? never
                  : PartsWithin<T, Path, Seen | T, readonly [...Depth, unknown]>;

type PartsWithin<
  T,
  Path extends string,
  Seen,
  Depth extends readonly unknown[],
> = T extends readonly (infer E)[]
  ? UnencodableParts<E, `${Path}[]`, Seen, Depth>
  : T extends ReadonlyMap<infer K, infer V>
    ? | UnencodableParts<K, `a key of ${Path}`, Seen, Depth>
      | UnencodableParts<V, `a value of ${Path}`, Seen, Depth>
    : T extends ReadonlySet<infer M>
      ? UnencodableParts<M, `a member of ${Path}`, Seen, Depth>
      : {
          [K in Named<T>]-?: UnencodableParts<T[K], `${Path}.${K}`, Seen, Depth>;
        }[Named<T>];

type Named<T> = keyof T & (string | number);

/** False of `any` and `unknown`. */
type IsKnown<T> = 0 extends 1 & T ? false : unknown extends T ? false : true;
