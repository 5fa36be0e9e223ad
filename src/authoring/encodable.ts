import type { Table } from '../tables';
import type { StoredBytes } from '../values';

/**
 * Types to accept as values although the compiler would refuse them, such as classes with a codec
 * (`registerValueCodec`). Extend it: `declare module 'selvage' { interface EncodableTypes { money: Money } }`.
 * The names of the properties do not matter.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface EncodableTypes {}

/** The type that the compiler shows for a result that cannot be a value. `Parts` says which parts cannot, and why. */
export interface NotEncodable<Parts extends string> {
  readonly 'Return plain data, or name the type in EncodableTypes: docs/values.md': Parts;
}

/**
 * Yields `unknown` if all parts of `O` may be encoded, else {@link NotEncodable}. `any`, `unknown` and type
 * parameters pass. Instances without methods, which look like plain data, and parts deeper than eight levels are
 * checked when encoded.
 */
export type Encodable<O> = {
  readonly fine: unknown;
  readonly [part: number]: Refused<UnencodableParts<Awaited<O>>>;
}[Verdict<O>];

/*
 * Type parameters must yield `fine`: in a conditional type, the compiler could not decide and would refuse them.
 * For a conditional index the compiler assumes the branch that is not `any`. A type known to be bad has the index
 * `any`, which selects the numeric one.
 */
type Verdict<O> = [UnencodableParts<Awaited<O>>] extends [never] ? 'fine' : any;

/** Leaves a result that has a compiler error alone: a second message would only distract. */
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
            : T extends Uint8Array | Date | StoredBytes | Table<any>
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

/** Whether a type is known: false for `any` and `unknown`. */
type IsKnown<T> = 0 extends 1 & T ? false : unknown extends T ? false : true;
