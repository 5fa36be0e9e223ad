import type { Sha256 } from '../values';
import type { PlanKnot } from '../plan';
import { SelvageError } from '../errors';
import {
  checkPayload,
  encodeOutput,
  signalTimeout,
  waitEnd,
  type EncodedValue,
  type SignalSchema,
  freshCopy,
  waitUnlessStopped,
} from '../runtime';
import type { TapestryRecord } from '../authoring/records';

/**
 * Signals by name. Each signal is a payload, a list of payloads in order (`[[…]]` for a payload that is a list), or a
 * function. The function gets the waiting knot's id and returns a payload, or undefined for none.
 */
export type GivenSignals = Readonly<Record<string, unknown>>;

type SignalFunction = (knot: string) => unknown;

interface Payload {
  readonly value: EncodedValue;
  readonly unfit: readonly string[];
}

export class LocalWaits {
  private readonly payloads = new Map<string, Payload[]>();

  private constructor(
    private readonly schemas: ReadonlyMap<string, readonly SignalSchema[]>,
    private readonly functions: ReadonlyMap<string, SignalFunction>,
    private readonly digest: Sha256,
    private readonly realTime: boolean,
    private readonly now: () => number,
  ) {}

  /** Throws `UnknownSignal`, `InvalidSignal` or `NotEncodable`. */
  static async of(
    tapestry: TapestryRecord,
    signals: GivenSignals,
    { digest, realTime, now }: { digest: Sha256; realTime: boolean; now: () => number },
  ): Promise<LocalWaits> {
    const schemas = schemasOf(tapestry);
    const given = Object.entries(signals).filter(([, payload]) => payload !== undefined);
    const functions = given.filter(
      (entry): entry is [string, SignalFunction] => typeof entry[1] === 'function',
    );
    const waits = new LocalWaits(schemas, new Map(functions), digest, realTime, now);
    for (const [name, payload] of given) {
      if (!schemas.has(name)) throw unknownSignal(tapestry, name, [...schemas.keys()]);
      if (typeof payload === 'function') continue;
      const payloads = Array.isArray(payload) ? (payload as unknown[]) : [payload];
      const read: Payload[] = [];
      for (const one of payloads) read.push(await waits.read(name, one));
      waits.payloads.set(name, read);
    }
    return waits;
  }

  /**
   * Resolves at the end of the knot's wait, or when the signal is aborted, with further inputs of its function.
   * Throws `SignalTimeout` or `SignalNotGiven`, and for a function's result `InvalidSignal` or `NotEncodable`.
   */
  async wait(
    knot: PlanKnot,
    inputs: Readonly<Record<string, unknown>>,
    signal: AbortSignal | undefined,
  ): Promise<{ payload?: unknown }> {
    const { signal: name } = knot.policy.wait!;
    const begun = this.now();
    const taken = name === undefined ? undefined : await this.take(name, knot.id);
    if (taken) return { payload: freshCopy(taken.value) };
    const end = waitEnd(knot, inputs, begun);
    if (name !== undefined && end === undefined) throw notGiven(knot.id, name);
    if (this.realTime) await waitUnlessStopped(end! - begun, signal);
    if (name !== undefined) throw signalTimeout(knot);
    return {};
  }

  private async take(name: string, knot: string): Promise<Payload | undefined> {
    const answer = this.functions.get(name);
    if (answer) {
      const payload = await answer(knot);
      return payload === undefined ? undefined : await this.read(name, payload);
    }
    const payloads = this.payloads.get(name) ?? [];
    const place = payloads.findIndex(({ unfit }) => !unfit.includes(knot));
    return place === -1 ? undefined : payloads.splice(place, 1)[0];
  }

  private async read(name: string, payload: unknown): Promise<Payload> {
    const value = encodeOutput(payload, this.digest);
    const check = await checkPayload(name, this.schemas.get(name)!, freshCopy(value));
    if ('unfit' in check) return { value, unfit: check.unfit };
    throw new SelvageError('InvalidSignal', check.refused, { details: { signal: name } });
  }
}

/** Waiting knots by signal name, nested tapestries included. */
function schemasOf(
  { knots }: TapestryRecord,
  schemas = new Map<string, SignalSchema[]>(),
): ReadonlyMap<string, readonly SignalSchema[]> {
  for (const { id, definition, nested } of knots.values()) {
    if (nested) schemasOf(nested, schemas);
    const { signal, schema } = definition?.wait ?? {};
    if (signal === undefined || schema === undefined) continue;
    schemas.set(signal, [...(schemas.get(signal) ?? []), { knot: id, schema }]);
  }
  return schemas;
}

function unknownSignal(tapestry: TapestryRecord, name: string, known: readonly string[]): SelvageError {
  const names = known.slice(0, 20).map((one) => `"${one}"`);
  return new SelvageError(
    'UnknownSignal',
    `signals names "${name}", but no knot of tapestry "${tapestry.name}" waits for it; ` +
      (names.length === 0 ? 'none waits for any.' : `there are waits for ${names.join(', ')}.`),
    { details: { tapestry: tapestry.name, signal: name } },
  );
}

function notGiven(knot: string, signal: string): SelvageError {
  return new SelvageError(
    'SignalNotGiven',
    `Knot "${knot}" waits for the signal "${signal}", and this run was not given one for it: runLocally(tapestry, parameters, { signals: { '${signal}': … } }), ` +
      'with a list where several knots wait for it.',
    { details: { knot, signal } },
  );
}
