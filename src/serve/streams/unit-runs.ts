import type { Selvage } from '../../client';
import { recordOf, type Tapestry } from '../../authoring';
import type { ExceptionRecord } from '../../authoring/outcome';
import type { KnotRecord, TapestryRecord } from '../../authoring/records';
import { isOfClass } from '../../errors';
import type { ClaimResult, EventLink } from '../../ports';
import {
  batchTapestry,
  inBatch,
  keyOfOffset,
  terminalsOf,
  type DeadLetterReason,
  type StreamDeclaration,
  type StreamElement,
} from '../../streams';
import { declareTrigger, type TriggerDeclaration, type TriggerEvent } from '../../triggers';
import { Starter } from '../starter';
import { keyInLedger, type ElementEnd, type Unit, type UnitClaim, type UnitRuns } from './unit';

/** Ledger entries to look through, usually more than are in flight when a process dies. */
const LOOKED_THROUGH = 1_000;

interface Claim extends UnitClaim {
  readonly result: ClaimResult;
  /** Whether the unit's elements were claimed as one list. */
  readonly isList: boolean;
}

/** Starts each run of a stream once, like those of a trigger: by a claim in the start ledger. */
export class StreamRuns implements UnitRuns<Claim> {
  readonly #starters = new Map<number, Starter>();
  readonly #needsValues: boolean;
  readonly #isHarmless: (knot: string) => boolean;
  readonly #terminals: readonly string[];

  constructor(
    private readonly selvage: Selvage,
    private readonly declaration: StreamDeclaration,
    private readonly taskQueue: string,
  ) {
    this.#needsValues = declaration.options.onResult !== undefined;
    const record = recordOf(declaration.tapestry);
    this.#isHarmless = harmlessIn(record);
    this.#terminals = [...terminalsOf(record).keys()];
  }

  async refusalOf({ value, unreadable }: StreamElement): Promise<DeadLetterReason | undefined> {
    if (unreadable) return unreadable;
    try {
      await this.selvage.starter.check(this.declaration.tapestry, this.#parameters(value));
      return undefined;
    } catch (error) {
      if (!isOfClass(error, 'input')) throw error;
      return { code: error.code, message: error.message };
    }
  }

  async claim(units: readonly Unit[]): Promise<readonly Claim[]> {
    const starter = this.#starter(1);
    const results = await starter.claim(
      units.map((unit) => ({ key: unit.key, body: {}, link: this.#linkOf(unit) })),
    );
    const refused = units.filter((_, place) => results[place]!.entry.event['refused'] !== undefined);
    // No run will start for refused units, so their entries are complete.
    if (refused.length > 0)
      await this.selvage.backends.startLedger.markStarted(
        refused.map(({ key }) => ({ trigger: this.#trigger(1).name, key })),
      );
    return results.map((result) => {
      const { elements = 1, last, list, refused: code, why } = result.entry.event;
      return {
        result,
        isList: list === 1,
        inserted: result.inserted,
        elements: Number(elements),
        ...(last !== undefined && { last: String(last) }),
        ...(code !== undefined && { refusal: { code: String(code), message: String(why) } }),
      };
    });
  }

  async lastsOfClaims(): Promise<ReadonlySet<string>> {
    const { startLedger } = this.selvage.backends;
    const { items } = await startLedger.list({ trigger: this.#trigger(1).name, limit: LOOKED_THROUGH });
    return new Set(
      items.flatMap(({ event: { partition = '', last } }) =>
        last === undefined ? [] : [keyInLedger(String(partition), String(last))],
      ),
    );
  }

  async run(
    unit: Unit,
    { refusal, result, isList, elements: claimed }: Claim,
    signal: AbortSignal,
  ): Promise<readonly ElementEnd[]> {
    const elements = isList ? [listOf(unit)] : unit.elements;
    const error = refusal ?? (result.inserted ? unit.refusal : undefined);
    if (error) return elements.map((element) => ({ element, letter: { error } }));
    const isBatch = elements.length > 1;
    const starter = this.#starter(isBatch ? unit.elements.length : 1);
    const event: TriggerEvent = {
      key: unit.key,
      body: isBatch ? this.#batchParameters(unit) : this.#parameters(elements[0]!.value),
      link: this.#linkOf(unit),
    };
    const acceptance = await starter.startClaimed(event, result);
    signal.throwIfAborted();
    if (acceptance.status === 'refused') {
      const { code, message } = acceptance.error;
      return elements.map((element) => ({ element, letter: { error: { code, message } } }));
    }
    const { runId } = acceptance as { readonly runId: string };
    // If the source has lost elements of a batch that has run, only the first is left.
    const isFirst = !isList && claimed > elements.length && (await this.#isBatch(runId, claimed));
    return await this.#endsOf(runId, elements, isBatch || isFirst);
  }

  async #isBatch(runId: string, size: number): Promise<boolean> {
    const { tapestry } = await this.selvage.getRun(runId).end();
    return tapestry === batchTapestry(recordOf(this.declaration.tapestry), size).name;
  }

  async #endsOf(
    runId: string,
    elements: readonly StreamElement[],
    isBatch: boolean,
  ): Promise<readonly ElementEnd[]> {
    const run = this.selvage.getRun(runId);
    const result = await run.result({ outputs: this.#needsValues ? 'terminals' : 'none' });
    const { succeeded, error, status, outcomes, values } = result;
    if (error || (status !== 'succeeded' && status !== 'failed')) {
      const why = {
        code: error?.type ?? 'RunTerminated',
        message: error?.message ?? `The run is ${status}.`,
      };
      return elements.map((element) => ({ element, letter: { runId, error: why } }));
    }
    const failed = new Map<string, ExceptionRecord>();
    for (const [knot, outcome] of succeeded ? [] : Object.entries(outcomes))
      if (outcome.kind === 'err') failed.set(knot, outcome.error);
    return elements.map((element, place) => {
      const named = isBatch ? (name: string) => inBatch(place, name) : (name: string) => name;
      const prefix = named('');
      for (const [name, { type: code, message }] of failed) {
        const knot = name.slice(prefix.length);
        if (!name.startsWith(prefix) || this.#isHarmless(knot)) continue;
        return { element, letter: { runId, error: { code, message: `knot "${knot}": ${message}` } } };
      }
      return { element, result: { runId, values: this.#needsValues ? this.#valuesOf(values, named) : {} } };
    });
  }

  #valuesOf(
    values: Readonly<Record<string, unknown>>,
    named: (name: string) => string,
  ): Record<string, unknown> {
    const own: Record<string, unknown> = {};
    for (const name of this.#terminals)
      if (Object.hasOwn(values, named(name))) own[name] = values[named(name)];
    return own;
  }

  #parameters(value: unknown): object {
    const { parameter } = this.declaration.options;
    return parameter === undefined ? (value as object) : { [parameter]: value };
  }

  #batchParameters({ elements }: Unit): object {
    const all: Record<string, unknown> = {};
    elements.forEach(({ value }, place) => {
      for (const [name, given] of Object.entries(this.#parameters(value))) all[inBatch(place, name)] = given;
    });
    return all;
  }

  #linkOf({ partition, elements, refusal }: Unit): EventLink {
    const last = elements[elements.length - 1]!;
    return {
      offset: keyOfOffset(elements[0]!.offset),
      ...(partition !== '' && { partition }),
      ...(elements.length > 1 && { elements: elements.length, last: keyOfOffset(last.offset) }),
      ...(this.declaration.options.gather > 0 && { list: 1 }),
      ...(refusal && { refused: refusal.code, why: refusal.message.slice(0, 500) }),
    };
  }

  #starter(size: number): Starter {
    let starter = this.#starters.get(size);
    if (!starter) {
      const { concurrency } = this.declaration.options;
      starter = new Starter(this.selvage, this.#trigger(size).declaration, {
        startsAtOnce: concurrency,
        runs: { taskQueue: this.taskQueue },
      });
      this.#starters.set(size, starter);
    }
    return starter;
  }

  #trigger(size: number): { readonly declaration: TriggerDeclaration; readonly name: string } {
    const { id, tapestry } = this.declaration;
    const started: Tapestry = size === 1 ? tapestry : batchTapestry(recordOf(tapestry), size);
    return {
      declaration: declareTrigger({ kind: 'stream', id, tapestry: started, options: {} }),
      name: `stream:${id}`,
    };
  }
}

function listOf({ elements }: Unit): StreamElement {
  const last = elements[elements.length - 1]!;
  return { ...last, value: elements.map(({ value }) => value) };
}

/**
 * Whether a knot's failure makes no dead letter: the knot is optional or, by default, another knot receives it. A
 * failure of an unknown knot, which only other code has, makes one.
 */
function harmlessIn({ knots, options: { failOn = 'unhandled' } }: TapestryRecord): (knot: string) => boolean {
  if (failOn === 'never') return () => true;
  const received = new Set<KnotRecord>();
  for (const { definition, inputs } of knots.values()) {
    if (definition?.receives !== 'outcomes') continue;
    for (const input of inputs.values()) if (input.kind === 'parent') received.add(input.knot);
  }
  return (id) => {
    const knot = knots.get(id);
    return !!knot && (!!knot.definition?.optional || (failOn !== 'any' && received.has(knot)));
  };
}
