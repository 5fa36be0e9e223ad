import { SelvageError } from '../errors';
import { StreamingSource, type PartitionedFeed, type StreamElement } from './source';

type Values<Value> = Iterable<Value> | AsyncIterable<Value>;

/**
 * The values of an iterable, with their positions from 1 as offsets. After a crash, the iterable is read again from its
 * beginning, and finished values are skipped. Give a function that returns the same values in the same order.
 */
export class IterableSource<Value> extends StreamingSource<Value> {
  readonly kind = 'iterable';
  readonly options: { readonly iterate: () => Values<Value> };

  /** @param values repeatable, or a function that returns them @throws SelvageError `InvalidConfig` */
  constructor(values: Values<Value> | (() => Values<Value>)) {
    super();
    if (typeof values !== 'function' && !isIterable(values)) {
      throw new SelvageError(
        'InvalidConfig',
        'IterableSource was given something that cannot be iterated. Give an array, or a function that returns an iterable or an async iterable.',
        { details: { owner: 'IterableSource', reason: 'WrongValue' } },
      );
    }
    const iterate = typeof values === 'function' ? values : () => values;
    this.options = Object.freeze({ iterate });
  }
}

export function isIterable(value: unknown): value is Values<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return Symbol.iterator in value || Symbol.asyncIterator in value;
}

const AT_ONCE = 500;

/** Reads many values at a time, except from async iterables. */
export function openIterable<Value>({ iterate }: IterableSource<Value>['options']): PartitionedFeed<Value> {
  return {
    async *read(after, { signal }) {
      const skipped = Number(after.get('') ?? 0);
      const values = iterate();
      let place = 0;
      if (Symbol.asyncIterator in values) {
        for await (const value of values) {
          if (signal.aborted) return;
          place += 1;
          if (place > skipped) yield { value, offset: place };
        }
        return;
      }
      let some: StreamElement<Value>[] = [];
      for (const value of values) {
        place += 1;
        if (place <= skipped) continue;
        some.push({ value, offset: place });
        if (some.length < AT_ONCE) continue;
        yield some;
        if (signal.aborted) return;
        some = [];
      }
      if (some.length > 0) yield some;
    },
  };
}
