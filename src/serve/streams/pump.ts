import { setMaxListeners } from 'node:events';
import type { Logger } from '../../authoring/knot-context';
import { SelvageError } from '../../errors';
import {
  batchSizes,
  gapWords,
  keyOfOffset,
  streamName,
  type DeadLetterReason,
  type PartitionedFeed,
  type StreamDeclaration,
  type StreamElement,
  type ReportGap,
} from '../../streams';
import type { SourceAmount } from '../../ports';
import type { PumpEnd, PumpState, StreamCheckpoint, StreamCounts } from '../../workflows/messages';
import { Slots } from '../../ports/parts/slots';
import { isFinal } from './is-final';
import { StreamProgress } from './progress';
import { Rate } from './rate';
import { Reader, orAborted } from './reader';
import { TakenTogether } from './taken-together';
import {
  keyRefusalOf,
  orderKeyOf,
  unitOf,
  type ElementEnd,
  type Unit,
  type UnitClaim,
  type UnitRuns,
} from './unit';
import { again } from '../../ports/parts/again';
import { Troubles } from '../../ports/parts/troubles';
import type { BackOff } from '../../values/back-off';

interface PumpParts {
  readonly declaration: StreamDeclaration;
  readonly source: PartitionedFeed;
  readonly runs: UnitRuns;
  readonly checkpoint: StreamCheckpoint;
  readonly logger: Logger;
  /** The checkpoint is durable when this returns. */
  readonly save: (checkpoint: StreamCheckpoint) => Promise<unknown>;
}

/** Waiting units for each unit that may run, with order by key. */
const WAITING_PER_RUNNING = 10;
const BACK_OFF: BackOff = { base: 200, max: 10_000 };

/**
 * Reads a source, starts the runs of its elements, and delivers their results.
 *
 * U1  Units are claimed in the order of the source before any is started, each with its number of elements. Claims
 *     therefore cover the beginning of each partition without gaps, and every later reader makes the same units.
 * U2  Units of several elements are claimed one by one, because the next begins where the claimed one ends.
 * U3  A unit is finished when its results are delivered; the checkpoint lies before the first unfinished unit.
 */
export class Pump {
  readonly #progress: StreamProgress;
  readonly #slots: Slots;
  readonly #sizes: readonly number[];
  /** After this signal, the pump reads no more. */
  readonly #stop = new AbortController();
  /** After this signal, the pump does nothing more at all. */
  readonly #kill = new AbortController();
  /** The last unit of each key, or partition, for which the next unit waits; true once it was finished. */
  readonly #before = new Map<string, Promise<boolean>>();
  readonly #open = new Set<Promise<boolean>>();
  /** Called when a unit ends, and when the pump is told to stop. */
  #wake: () => void = () => undefined;
  /** Partitions that a claim has shown to be beyond the claims of earlier processes. */
  readonly #isNew = new Set<string>();
  #taken!: TakenTogether;
  #error: { readonly error: unknown } | undefined;
  /** Troubles of the source, and of repeated work. */
  readonly #troubles = new Troubles<string>((trouble) => {
    if (trouble === undefined) this.parts.logger.info({}, 'goes on');
    else this.parts.logger.warn({}, trouble);
  });
  readonly #rate = new Rate();
  #lag: SourceAmount | undefined;

  constructor(private readonly parts: PumpParts) {
    const { concurrency, batch } = parts.declaration.options;
    this.#progress = new StreamProgress(parts.checkpoint);
    this.#slots = new Slots(concurrency);
    // Each unit in flight listens to these signals.
    setMaxListeners(0, this.#stop.signal, this.#kill.signal);
    this.#sizes = batchSizes(batch);
  }

  /** Reads until the source ends or {@link stop} is called, and returns when all read elements are finished. */
  async run(): Promise<PumpEnd> {
    const { source, declaration } = this.parts;
    const signal = this.#stop.signal;
    const reader = new Reader(
      source.read(this.#progress.places(), {
        signal,
        logger: this.parts.logger,
        save: async (places) => {
          for (const [partition, state] of places) this.#progress.place(partition, state);
          await this.#insist('save the checkpoint', () => this.parts.save(this.checkpoint()));
        },
        trouble: (message) => this.#troubles.set(source, message),
        reportGap: this.#tellGap,
      }),
      this.#window(),
    );
    try {
      const lasts = await this.#insist('read the start ledger', () => this.parts.runs.lastsOfClaims());
      this.#taken = new TakenTogether(this.#tellGap, lasts);
      let isOver = false;
      while (!isOver) isOver = !(await this.#next(reader));
      await Promise.all(this.#open);
    } catch (error) {
      this.#fail(error);
    } finally {
      reader.close();
    }
    await Promise.allSettled(this.#open);
    if (this.#error) throw this.#error.error;
    if (this.#kill.signal.aborted) throw new Error(`${streamName(declaration.id)} goes on elsewhere`);
    return { checkpoint: this.checkpoint(), why: signal.aborted ? 'stopped' : 'ended' };
  }

  /** Ends reading; {@link run} returns when all is finished. */
  stop(): void {
    this.#stop.abort();
    this.#wake();
  }

  /** Ends the pump without waiting for runs: the next pump repeats the work in progress. */
  kill(): void {
    this.stop();
    this.#kill.abort();
  }

  checkpoint(): StreamCheckpoint {
    return this.#progress.checkpoint();
  }

  async lookAtLag(): Promise<void> {
    this.#lag = await this.parts.source.lag?.().catch(() => undefined);
  }

  state(process: string): PumpState {
    const at = Date.now();
    const trouble = this.#troubles.told;
    return {
      process,
      inFlight: this.#progress.inFlight,
      window: this.#window(),
      rate: this.#rate.sample(at),
      ...(this.#lag && { lag: this.#lag }),
      ...(trouble !== undefined && { trouble }),
      at,
    };
  }

  #window(): number {
    const { concurrency, batch, gather, order } = this.parts.declaration.options;
    const units = order === 'key' ? concurrency * (1 + WAITING_PER_RUNNING) : concurrency;
    return units * Math.max(batch, gather, 1);
  }

  readonly #tellGap: ReportGap = (gap) => {
    if (this.#progress.addGap({ ...gap, at: Date.now() }))
      this.parts.logger.warn({ partition: gap.partition, ...gap.lost }, gapWords(gap));
  };

  /** Takes the next elements; returns false after the last. */
  async #next(reader: Reader): Promise<boolean> {
    const { concurrency, batch, gather, order, linger } = this.parts.declaration.options;
    const most = order === 'key' ? concurrency * (1 + WAITING_PER_RUNNING) : concurrency;
    while (this.#open.size >= most && !this.#stop.signal.aborted)
      await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#stop.signal.aborted) return false;
    const together = Math.max(batch, gather, 1);
    const isTogether = together > 1;
    // Lists are as long as they can be. Batches are cut from the available elements, as many as there is room for.
    const count = gather > 0 ? gather : isTogether ? together : most - this.#open.size;
    const taken = await reader.take(count, isTogether ? linger : 0, this.#stop.signal);
    if (!taken) return false;
    if ('endOf' in taken) {
      this.#progress.end(taken.endOf);
      this.#isNew.delete(taken.endOf);
      return true;
    }
    const elements = await this.#withoutDone(reader, taken.partition, taken.elements);
    if (elements.length === 0) return true;
    if (isTogether || !this.#isNew.has(taken.partition))
      await this.#oneByOne(reader, taken.partition, elements);
    else await this.#together(taken.partition, elements);
    return true;
  }

  /** Passes over elements that an earlier process has finished. */
  async #withoutDone(
    reader: Reader,
    partition: string,
    elements: readonly StreamElement[],
  ): Promise<readonly StreamElement[]> {
    let rest = elements;
    for (;;) {
      const done = rest[0] && this.#progress.doneFrom(partition, rest[0]);
      if (!done) return rest;
      const [, taken, last] = done;
      rest = await reader.fill(partition, rest, taken, this.#stop.signal);
      // A checkpoint amid these elements would not tell that the other elements are finished.
      if (rest.length < taken && this.#stop.signal.aborted) return [];
      const count = this.#taken.left(partition, rest, taken, last);
      this.#progress.pass({ partition, elements: rest.slice(0, count) });
      rest = rest.slice(count);
    }
  }

  /** Claims units of one element: their claims need not wait for one another. */
  async #together(partition: string, elements: readonly StreamElement[]): Promise<void> {
    const units = await Promise.all(
      elements.map(async (element) => this.#unit(partition, [element], await this.#refusalOf(element))),
    );
    const claims = await this.#insist('claim what was read', () => this.parts.runs.claim(units));
    units.forEach((unit, place) => this.#begin(unit, claims[place]!));
  }

  /** Claims the first unit, and gives the other elements back. */
  async #oneByOne(reader: Reader, partition: string, elements: readonly StreamElement[]): Promise<void> {
    let unit = await this.#firstUnit(partition, elements);
    const [claim] = await this.#insist('claim what was read', () => this.parts.runs.claim([unit]));
    const { inserted, elements: count, last } = claim!;
    if (inserted) this.#isNew.add(partition);
    let rest = elements.slice(unit.elements.length);
    if (!inserted && (count > 1 || unit.elements.length > 1)) {
      // An earlier process may have cut the elements elsewhere.
      const all = await reader.fill(partition, elements, count, this.#stop.signal);
      // If told to stop before all elements arrived, the next process reads the unit again.
      if (all.length < count && this.#stop.signal.aborted) return;
      // The source may have lost some elements since: then only the first is certain.
      const left = this.#taken.left(partition, all, count, last);
      const own = left === count ? count : 1;
      unit = this.#unit(partition, all.slice(0, own), unit.refusal);
      rest = all.slice(own);
    }
    reader.giveBack(partition, rest);
    this.#begin(unit, claim!);
  }

  /** The longest first unit; every element of a batch can be run, and no element waits for another. */
  async #firstUnit(partition: string, elements: readonly StreamElement[]): Promise<Unit> {
    const { batch, gather, order } = this.parts.declaration.options;
    if (gather > 0) {
      const end = elements.findIndex(
        (element, place) =>
          element.unreadable !== undefined ||
          (place > 0 && this.#progress.doneFrom(partition, element) !== undefined),
      );
      if (end === 0) return this.#unit(partition, elements.slice(0, 1), elements[0]!.unreadable);
      return this.#unit(partition, end < 0 ? elements : elements.slice(0, end));
    }
    const keys = new Set<string>();
    let fitting = 0;
    for (const element of elements.slice(0, batch)) {
      if (fitting > 0 && this.#progress.doneFrom(partition, element)) break;
      const key = order === 'key' ? orderKeyOf(this.parts.declaration.options, element) : undefined;
      if (key !== undefined && keys.has(key)) break;
      const refusal = await this.#refusalOf(element);
      if (refusal && fitting === 0) return this.#unit(partition, [element], refusal);
      if (refusal) break;
      if (key !== undefined) keys.add(key);
      fitting += 1;
    }
    const size = this.#sizes.find((one) => one <= fitting)!;
    return this.#unit(partition, elements.slice(0, size));
  }

  #unit(partition: string, elements: readonly StreamElement[], refusal?: DeadLetterReason): Unit {
    return unitOf(this.parts.declaration.options, partition, elements, refusal);
  }

  async #refusalOf(element: StreamElement): Promise<DeadLetterReason | undefined> {
    const refusal = await this.#insist('check what was read', () => this.parts.runs.refusalOf(element));
    return refusal ?? keyRefusalOf(this.parts.declaration.options, element);
  }

  #begin(unit: Unit, claim: UnitClaim): void {
    this.#progress.begin(unit);
    if (claim.inserted) this.#taken.claimed(unit);
    const { order } = this.parts.declaration.options;
    const names = order === 'key' ? unit.keys! : order === 'all' ? [unit.partition] : [];
    const before = names.flatMap((name) => this.#before.get(name) ?? []);
    const going: Promise<boolean> = this.#go(unit, claim, before)
      .catch((error: unknown) => {
        this.#fail(error);
        return false;
      })
      .finally(() => {
        this.#open.delete(going);
        this.#wake();
        for (const name of names) if (this.#before.get(name) === going) this.#before.delete(name);
      });
    this.#open.add(going);
    for (const name of names) this.#before.set(name, going);
  }

  /** Returns false if the unit is left to the next pump. */
  async #go(unit: Unit, claim: UnitClaim, before: readonly Promise<boolean>[]): Promise<boolean> {
    const { order } = this.parts.declaration.options;
    const { signal } = this.#kill;
    // A unit must wait for an unfinished one before it, also if the stream stops there.
    const turn = async (): Promise<boolean> => {
      const ends = await orAborted(Promise.all(before), signal);
      return ends?.every((isFinished) => isFinished) ?? false;
    };
    if (order === 'key' && !(await turn())) return false;
    const ends = await this.#slots.use(() =>
      this.#insist('start a run', () => orAborted(this.parts.runs.run(unit, claim, signal), signal)),
    );
    // After a kill, another pump waits for this run now, which may take hours.
    if (!ends) return false;
    if (order === 'all' && !(await turn())) return false;
    const counts = { ok: 0, dead: 0 };
    for (const end of ends) {
      const what = await this.#deliver(end);
      if (!what) return false;
      // A gathered list has one result for all of its elements.
      counts[what] += unit.elements.length / ends.length;
    }
    this.#rate.add(unit.elements.length);
    this.#progress.finish(unit, counts);
    return true;
  }

  /** Returns undefined if the stream stops before the element. */
  async #deliver(end: ElementEnd): Promise<keyof StreamCounts | undefined> {
    const { onResult, onDeadLetter, onFailure } = this.parts.declaration.options;
    const { signal } = this.#kill;
    signal.throwIfAborted();
    if ('result' in end) {
      const { runId } = end.result;
      if (onResult)
        await this.#insist('deliver a result (onResult)', async () =>
          onResult(end.result, end.element, { runId, signal }),
        );
      return 'ok';
    }
    const { letter, element } = end;
    const { code, message } = letter.error;
    const name = keyOfOffset(element.offset);
    const which = letter.runId === undefined ? 'could not start a run' : `failed in run ${letter.runId}`;
    this.parts.logger.warn({ code, runId: letter.runId }, `element ${name} ${which}: ${message}`);
    if (onFailure === 'stop') {
      this.#fail(
        new SelvageError(
          'StreamStopped',
          `${streamName(this.parts.declaration.id)} stops before the element ${name}, which ${which}: ${message}`,
          { details: { stream: this.parts.declaration.id, element: name } },
        ),
        false,
      );
      return undefined;
    }
    if (onDeadLetter)
      await this.#insist('deliver a dead letter (onDeadLetter)', async () =>
        onDeadLetter(letter, element, { signal }),
      );
    return 'dead';
  }

  async #insist<T>(what: string, work: () => Promise<T>): Promise<T> {
    const { signal } = this.#kill;
    const part = {};
    signal.throwIfAborted();
    const done = await again(async () => ({ result: await work() }), {
      backOff: BACK_OFF,
      signal,
      isFinal: (error) => {
        signal.throwIfAborted();
        return isFinal(error);
      },
      onFailure: (error) =>
        this.#troubles.set(part, `cannot ${what}: ${error instanceof Error ? error.message : String(error)}`),
    });
    if (!done) throw signal.reason;
    this.#troubles.set(part, undefined);
    return done.result;
  }

  /** Keeps only the first error. */
  #fail(error: unknown, atOnce = true): void {
    if (!this.#kill.signal.aborted) this.#error ??= { error };
    this.stop();
    if (atOnce) this.kill();
  }
}
