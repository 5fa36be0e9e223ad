import { SelvageError, isAway, isOfClass } from '../errors';
import { readValues } from '../runtime';
import type { Backends, LineageRecord } from '../ports';
import type { Through } from './outages';

const AT_ONCE = 100;

/** Values of knots by id, or the errors of reading them. */
export class WantedValues {
  constructor(
    private readonly values: ReadonlyMap<string, unknown>,
    private readonly unreadable: ReadonlyMap<string, SelvageError> = new Map(),
  ) {}

  /** Defines the knot's value, if any, as a property, whose getter throws if the value cannot be read. */
  copyTo(target: object, property: string, knot: string): void {
    const error = this.unreadable.get(knot);
    const common = { enumerable: true, configurable: true };
    if (error) {
      const get = (): never => {
        throw error;
      };
      Object.defineProperty(target, property, { ...common, get });
    } else if (this.values.has(knot)) {
      Object.defineProperty(target, property, { ...common, writable: true, value: this.values.get(knot) });
    }
  }
}

/** One unreachable store does not hide values of others. @throws SelvageError `ValueMissing`, `ValueDamaged` */
export async function readWanted(
  backends: Backends,
  records: readonly LineageRecord[],
  through: Through,
): Promise<WantedValues> {
  try {
    return new WantedValues(await through(() => readValues(backends, records)));
  } catch (error) {
    if (!isOfClass(error, 'backend')) throw error;
  }
  const values = new Map<string, unknown>();
  const unreadable = new Map<string, SelvageError>();
  // Small values first: larger ones may be on another server, and fail at once after the first failure.
  const bySize = [...records].sort((one, other) => (one.output_size ?? 0) - (other.output_size ?? 0));
  let away: SelvageError | undefined;
  const read = async (some: readonly LineageRecord[]): Promise<void> => {
    for (const [knot, value] of await readValues(backends, some)) values.set(knot, value);
  };
  for (let first = 0; first < bySize.length; first += AT_ONCE) {
    const some = bySize.slice(first, first + AT_ONCE);
    if (!away && (await failureOf(() => read(some))) === undefined) continue;
    for (const record of some) {
      const error = away ?? (await failureOf(() => read([record])));
      if (isAway(error)) away = error;
      if (error) unreadable.set(record.knot_id, unreadableValue(record, error));
    }
  }
  return new WantedValues(values, unreadable);
}

async function failureOf(read: () => Promise<void>): Promise<SelvageError | undefined> {
  try {
    await read();
    return undefined;
  } catch (error) {
    if (isOfClass(error, 'backend')) return error;
    throw error;
  }
}

function unreadableValue(
  { run_id: run, knot_id: knot, output_hash: hash }: LineageRecord,
  cause: SelvageError,
): SelvageError {
  return new SelvageError(
    'BackendUnavailable',
    `The value of knot "${knot}" of run "${run}" (${hash}) cannot be read now: ${cause.message}`,
    { details: { ...cause.details, run, knot, value: hash }, cause },
  );
}
