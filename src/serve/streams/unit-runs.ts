import type { Selvage } from '../../client';
import { recordOf, type Tapestry } from '../../authoring';
import type { ExceptionRecord } from '../../authoring/outcome';
import type { KnotRecord, TapestryRecord } from '../../authoring/records';
import { type SelvageError, isOfClass } from '../../errors';
import type { ClaimResult, EventLink } from '../../ports';
import {
  batchTapestry,
  inBatch,
  keyOfOffset,
  terminalsOf,
  type DeadLetter,
  type StreamDeclaration,
  type StreamElement,
} from '../../streams';
import { declareTrigger, type TriggerDeclaration, type TriggerEvent } from '../../triggers';
import { Starter } from '../starter';
import type { ElementEnd, Unit, UnitClaim, UnitRuns } from './unit';

interface Claim extends UnitClaim {
  readonly result: ClaimResult;
}

/**
 * Starts the runs of a stream as those of a trigger are started: claimed in the start ledger under the stream's name
 * and the key of the element, so that each is started once.
 */
export class StreamRuns implements UnitRuns<Claim> {
  readonly #selvage: Selvage;
  readonly #declaration: StreamDeclaration;
  readonly #taskQueue: string;
  readonly #starters = new Map<number, Starter>();
  readonly #needsValues: boolean;
  readonly #failing: ReadonlySet<string>;
  readonly #terminals: readonly string[];

  constructor(selvage: Selvage, declaration: StreamDeclaration, taskQueue: string) {
    this.#selvage = selvage;
    this.#declaration = declaration;
    this.#taskQueue = taskQueue;
    this.#needsValues = declaration.options.onResult !== undefined;
    const record = recordOf(declaration.tapestry);
    this.#failing = failingKnots(record);
    this.#terminals = [...terminalsOf(record).keys()];
  }

  async refusalOf({ value, unreadable }: StreamElement): Promise<DeadLetter['error'] | undefined> {
    if (unreadable) return unreadable;
    try {
      await this.#selvage.starter.check(this.#declaration.tapestry, this.#parameters(value));
      return undefined;
    } catch (error) {
      if (!isOfClass(error, 'input')) throw error;
      return describe(error);
    }
  }

  async claim(units: readonly Unit[]): Promise<readonly Claim[]> {
    const starter = this.#starter(1);
    const results = await starter.claim(
      units.map((unit) => ({ key: unit.key, body: {}, link: linkOf(unit) })),
    );
    const refused = units.filter(({ refusal }) => refusal);
    // No run will be started for them, so the entry is complete.
    if (refused.length > 0)
      await this.#selvage.backends.startLedger.markStarted(
        refused.map(({ key }) => ({ trigger: this.#trigger(1).name, key })),
      );
    return results.map((result) => {
      const { elements = 1, refused: code, why } = result.entry.event;
      return {
        result,
        inserted: result.inserted,
        elements: Number(elements),
        ...(code !== undefined && { refusal: { code: String(code), message: String(why) } }),
      };
    });
  }

  async run(unit: Unit, { refusal, result }: Claim, signal: AbortSignal): Promise<readonly ElementEnd[]> {
    const elements = this.#delivered(unit);
    const error = refusal ?? (result.inserted ? unit.refusal : undefined);
    if (error) return elements.map((element) => ({ element, letter: { error } }));
    const isBatch = this.#declaration.options.batch > 1 && unit.elements.length > 1;
    const starter = this.#starter(isBatch ? unit.elements.length : 1);
    const event: TriggerEvent = {
      key: unit.key,
      body: isBatch ? this.#batchParameters(unit) : this.#parameters(elements[0]!.value),
      link: linkOf(unit),
    };
    const acceptance = await starter.startClaimed(event, result);
    signal.throwIfAborted();
    if (acceptance.status === 'refused') {
      const { error: why } = acceptance;
      return elements.map((element) => ({ element, letter: { error: describe(why) } }));
    }
    const { runId } = acceptance as { readonly runId: string };
    return await this.#endsOf(runId, elements, isBatch);
  }

  async #endsOf(
    runId: string,
    elements: readonly StreamElement[],
    isBatch: boolean,
  ): Promise<readonly ElementEnd[]> {
    const run = this.#selvage.getRun(runId);
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
      if (failed.size > 0)
        for (const knot of this.#failing) {
          const found = failed.get(named(knot));
          if (!found) continue;
          const { type: code, message } = found;
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

  #delivered({ elements }: Unit): readonly StreamElement[] {
    if (this.#declaration.options.gather === 0) return elements;
    const last = elements[elements.length - 1]!;
    return [{ ...last, value: elements.map(({ value }) => value) }];
  }

  #parameters(value: unknown): object {
    const { parameter } = this.#declaration.options;
    return parameter === undefined ? (value as object) : { [parameter]: value };
  }

  #batchParameters({ elements }: Unit): object {
    const all: Record<string, unknown> = {};
    elements.forEach(({ value }, place) => {
      for (const [name, given] of Object.entries(this.#parameters(value))) all[inBatch(place, name)] = given;
    });
    return all;
  }

  #starter(size: number): Starter {
    let starter = this.#starters.get(size);
    if (!starter) {
      const { concurrency } = this.#declaration.options;
      starter = new Starter(this.#selvage, this.#trigger(size).declaration, {
        startsAtOnce: concurrency,
        runs: { taskQueue: this.#taskQueue },
      });
      this.#starters.set(size, starter);
    }
    return starter;
  }

  #trigger(size: number): { readonly declaration: TriggerDeclaration; readonly name: string } {
    const { id, tapestry } = this.#declaration;
    const started: Tapestry = size === 1 ? tapestry : batchTapestry(recordOf(tapestry), size);
    return {
      declaration: declareTrigger({ kind: 'stream', id, tapestry: started, options: {} }),
      name: `stream:${id}`,
    };
  }
}

/** The link from a run to its elements. */
function linkOf({ partition, elements, refusal }: Unit): EventLink {
  const last = elements[elements.length - 1]!;
  return {
    offset: keyOfOffset(elements[0]!.offset),
    ...(partition !== '' && { partition }),
    ...(elements.length > 1 && { elements: elements.length, last: keyOfOffset(last.offset) }),
    ...(refusal && { refused: refusal.code, why: refusal.message.slice(0, 500) }),
  };
}

function describe({ code, message }: SelvageError): DeadLetter['error'] {
  return { code, message };
}

/**
 * Knots whose failure makes an element a dead letter: not those that the run can do without, nor, unless the tapestry
 * says otherwise, those whose failure another knot receives.
 */
function failingKnots({ knots, options: { failOn = 'unhandled' } }: TapestryRecord): ReadonlySet<string> {
  const failing = new Set<string>();
  if (failOn === 'never') return failing;
  const received = new Set<KnotRecord>();
  for (const { definition, inputs } of knots.values()) {
    if (definition?.receives !== 'outcomes') continue;
    for (const input of inputs.values()) if (input.kind === 'parent') received.add(input.knot);
  }
  for (const [id, knot] of knots)
    if (!knot.definition?.optional && (failOn === 'any' || !received.has(knot))) failing.add(id);
  return failing;
}
