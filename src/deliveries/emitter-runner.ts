import type { Delivery, EmitterDeclaration, RunEvent } from '../emitters';
import { SelvageError, Terminal } from '../errors';
import type { Advance, DeadLetter, EmitterState, EmitterTable, HistoryChange } from '../ports';
import type { LeaseKeeper } from '../runtime';
import { pauseAfter, TROUBLE_MS } from './back-off';
import { lettersOf, type Batch } from './dead-letters';
import type { FeedTail } from './feed-tail';
import { heard, mayHear } from './hears';
import { pause } from '../ports/parts/pause';
import { placeOf, placeToRewind, startOf, type Place } from './places';
import { Receiver, textOf, type ReceiverTools } from './receiver';
import type { Feed, RunEvents } from './run-events';

/** Number of dead letters of one redrive. */
const REDRIVEN_AT_ONCE = 500;
/** Longest time without saving the cursor during deliveries, since each save delays commits. */
const SAVE_MS = 250;

interface Surroundings extends ReceiverTools {
  readonly feed: Feed;
  readonly tail: FeedTail;
  readonly events: RunEvents;
  readonly table: EmitterTable;
  readonly leases: LeaseKeeper;
  readonly owner: string;
  readonly holder: string;
}

export const leaseOf = (name: string): string => `emitter/${name}`;

/**
 * Delivers to one emitter while this process has its lease:
 *
 * 1. The cursor passes events in the transaction that records their delivery or their dead letters.
 * Successive deliveries are saved together, so that a crash repeats the last deliveries.
 * 2. A new holder has a new version of the state, so a former holder cannot move the cursor.
 * 3. A delivery that takes too long is abandoned.
 */
export class EmitterRunner {
  readonly #declaration: EmitterDeclaration;
  readonly #around: Surroundings;
  readonly #about: { readonly emitter: string };
  readonly #receiver: Receiver;
  /** The emitter's state; undefined while another process delivers. */
  #state: EmitterState | undefined;
  /** The cursor, and the number of delivered events, since the state was saved. */
  #passed: Pick<Advance, 'position' | 'positionAt' | 'delivered'> | undefined;
  #savedAt = Number.NEGATIVE_INFINITY;
  #saving: NodeJS.Timeout | undefined;
  /** Ends reading or pausing, to read the state again. */
  #wake: AbortController | undefined;
  /** Set from a failure to the next delivery. */
  #isFailing = false;
  #isElsewhere = false;

  constructor(declaration: EmitterDeclaration, around: Surroundings) {
    this.#declaration = declaration;
    this.#around = around;
    this.#about = { emitter: declaration.name };
    this.#receiver = new Receiver(declaration, around);
  }

  get name(): string {
    return this.#declaration.name;
  }

  /** The last handled change; undefined while another process delivers. */
  get position(): string | null | undefined {
    return (this.#passed ?? this.#state)?.position;
  }

  /** Whether the saved cursor lacks deliveries. */
  get isUnsaved(): boolean {
    return this.#passed !== undefined && this.#passed.delivered > 0;
  }

  /** Saves the cursor after a running delivery. */
  save(): void {
    if (this.isUnsaved && !this.#receiver.isBusy) this.#wake?.abort();
  }

  get isElsewhere(): boolean {
    return this.#isElsewhere;
  }

  get isFailing(): boolean {
    return this.#isFailing || (this.#state?.disabledAt ?? null) !== null;
  }

  /** Never rejects. @param stopping begins nothing more @param now aborts running work */
  async run(stopping: AbortSignal, now: AbortSignal): Promise<void> {
    while (!stopping.aborted) {
      const lost = new AbortController();
      const giveBack = await this.#acquire(stopping, () => lost.abort());
      if (!giveBack) continue;
      try {
        await this.#hold(stopping, AbortSignal.any([lost.signal, now]));
      } finally {
        this.#forget();
        this.#state = undefined;
        await this.#receiver.close();
        await giveBack();
      }
    }
  }

  /** To be called regularly with the recorded state. */
  look(state: EmitterState | undefined): void {
    const known = this.#state;
    if (!known) return;
    const isOther = !state || state.version > known.version;
    // A failing emitter is retried after its pause.
    const isWanted = state !== undefined && state.redriven > 0 && !this.isFailing;
    // A running delivery saves the cursor at its end, and pauses if it fails.
    if (isOther || (!this.#receiver.isBusy && (this.#passed || isWanted))) this.#wake?.abort();
  }

  /** Returns a function that releases the lease; undefined, after a pause, if another process has the lease. */
  async #acquire(signal: AbortSignal, onLost: () => void): Promise<(() => Promise<void>) | undefined> {
    const { leases, owner, holder } = this.#around;
    const { table, ttl } = leases;
    const lease = { key: leaseOf(this.name), owner, token: owner };
    try {
      const answer = await table.acquire({ ...lease, holder, limit: 1, ttl });
      this.#isElsewhere = !answer.granted;
      if (answer.granted) return leases.keep(lease, onLost);
      await pause(Math.min(answer.retryAfter + 50, ttl / 3), signal);
    } catch (error) {
      this.#tellTrouble(error);
      await pause(TROUBLE_MS, signal);
    }
    return undefined;
  }

  async #hold(stopping: AbortSignal, lost: AbortSignal): Promise<void> {
    while (!stopping.aborted && !lost.aborted) {
      try {
        await this.#begin();
        await this.#deliverAll(stopping, lost);
      } catch (error) {
        if (lost.aborted) return;
        await this.#mend(error).catch(async (trouble: unknown) => {
          this.#tellTrouble(trouble);
          await pause(TROUBLE_MS, stopping);
        });
      }
    }
    await this.#notePassed().catch(() => undefined);
  }

  async #begin(): Promise<void> {
    const { table, feed } = this.#around;
    const start = await startOf(this.#declaration, feed);
    this.#state = await table.begin(this.name, start);
    // Another process has delivered since then, or moved the cursor.
    if (this.#state.failures === 0) this.#isFailing = false;
    this.#forget();
  }

  #forget(): void {
    clearTimeout(this.#saving);
    this.#passed = undefined;
  }

  /** Returns when the state must be read again. */
  async #deliverAll(stopping: AbortSignal, lost: AbortSignal): Promise<void> {
    while (!stopping.aborted && !lost.aborted) {
      const wake = (this.#wake = new AbortController());
      const end = (): void => wake.abort();
      for (const signal of [stopping, lost]) signal.addEventListener('abort', end, { once: true });
      try {
        if (!(await this.#notePassed())) return;
        if (this.#state!.disabledAt !== null) {
          await pause(TROUBLE_MS * 60, wake.signal);
          return;
        }
        if (this.#state!.redriven > 0 && !(await this.#redrive(wake.signal, lost))) return;
        for await (const page of this.#around.tail.pages(this.#place.position, wake.signal)) {
          if (!(await this.#take(page, wake.signal, lost))) return;
          if (wake.signal.aborted) break;
        }
        if (!stopping.aborted && !lost.aborted && !(await this.#look())) return;
      } finally {
        for (const signal of [stopping, lost]) signal.removeEventListener('abort', end);
      }
    }
  }

  /** Whether the recorded state is the known one; takes over its counts. */
  async #look(): Promise<boolean> {
    const known = this.#state!;
    const state = (await this.#around.table.list()).find(({ name }) => name === this.name);
    if (state?.version !== known.version) return false;
    this.#state = { ...known, redriven: state.redriven };
    return true;
  }

  async #take(page: readonly HistoryChange[], wake: AbortSignal, lost: AbortSignal): Promise<boolean> {
    const { filter, batchSize } = this.#declaration;
    const wanted = page.filter((change) => mayHear(filter, change));
    for (let at = 0; at < wanted.length; at += batchSize) {
      const changes = wanted.slice(at, at + batchSize);
      const isRest = at + batchSize >= wanted.length;
      const last = isRest ? page.at(-1)! : changes.at(-1)!;
      if (!(await this.#deliverChanges(changes, last, wake, lost))) return false;
      if (wake.aborted) return true;
    }
    if (wanted.length === 0) this.#pass(page.at(-1)!);
    return true;
  }

  async #deliverChanges(
    changes: readonly HistoryChange[],
    last: HistoryChange,
    wake: AbortSignal,
    lost: AbortSignal,
  ): Promise<boolean> {
    const { filter, batchSize } = this.#declaration;
    const changeOf = new Map<RunEvent, HistoryChange>();
    for (const [index, made] of (await this.#around.events.of(changes)).entries())
      for (const event of heard(filter, changes[index]!, made)) changeOf.set(event, changes[index]!);
    const events = [...changeOf.keys()];
    if (wake.aborted) return true;
    if (events.length === 0) this.#pass(last);
    for (let at = 0; at < events.length; at += batchSize) {
      const isRest = at + batchSize >= events.length;
      const { position, positionAt } = isRest ? placeOf(last) : this.#place;
      const batch = { events: events.slice(at, at + batchSize), changeOf, position, positionAt };
      if (!(await this.#deliver(batch, wake, lost))) return false;
    }
    return true;
  }

  get #place(): Place {
    const { position, positionAt } = this.#passed ?? this.#state!;
    return { position, positionAt };
  }

  /** Passes changes without events for this emitter. */
  #pass(change: HistoryChange): void {
    this.#passed = { ...placeOf(change), delivered: this.#passed?.delivered ?? 0 };
  }

  async #notePassed(): Promise<boolean> {
    return !this.#passed || (await this.#advance({ ...this.#place, delivered: 0 }));
  }

  /** Saves the noted deliveries now or soon. */
  async #note(advance: Advance): Promise<boolean> {
    const { position, positionAt, delivered, deadLetters = [], settled = [] } = advance;
    const isPlain = deadLetters.length === 0 && settled.length === 0 && !this.#isFailing;
    if (!isPlain || performance.now() - this.#savedAt >= SAVE_MS) return await this.#advance(advance);
    this.#passed = { position, positionAt, delivered: delivered + (this.#passed?.delivered ?? 0) };
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => this.save(), SAVE_MS).unref();
    return true;
  }

  async #redrive(wake: AbortSignal, lost: AbortSignal): Promise<boolean> {
    const { table, events } = this.#around;
    const query = { redriven: true, limit: Math.min(REDRIVEN_AT_ONCE, this.#declaration.batchSize) };
    const { items } = await table.deadLetters(this.name, query);
    const wanted = new Set(items.map(({ eventId }) => eventId));
    const made = await events.of(items.map(({ change }) => change));
    const changeOf = new Map<RunEvent, HistoryChange>();
    // Listed newest first.
    for (const [index, { change }] of [...items.entries()].reverse())
      for (const event of made[index]!) if (wanted.delete(event.id)) changeOf.set(event, change);
    // The other dead letters belong to removed runs.
    const batch = { events: [...changeOf.keys()], changeOf, ...this.#place, settled: [...wanted] };
    return (await this.#deliver(batch, wake, lost)) && (await this.#look());
  }

  /** Returns false if the state must be read again. */
  async #deliver(batch: Batch, wake: AbortSignal, lost: AbortSignal): Promise<boolean> {
    const { events, position, positionAt, settled } = batch;
    const done = {
      position,
      positionAt,
      settled: settled ? [...settled, ...events.map(({ id }) => id)] : [],
    };
    for (let attempt = 0; ; attempt += 1) {
      let delivery: Delivery;
      try {
        delivery = events.length === 0 ? {} : await this.#receiver.deliver(events, attempt, lost);
      } catch (error) {
        if (lost.aborted) return false;
        if (Terminal.is(error)) {
          if (events.length > 1) return await this.#deliverHalves(batch, wake, lost);
          delivery = { rejected: [{ id: events[0]!.id, reason: textOf(error) }] };
        } else {
          const retryIn = pauseAfter(error, this.#state!.failures);
          if (!(await this.#fail(error, retryIn))) return false;
          await pause(retryIn, wake);
          if (wake.aborted) return false;
          continue;
        }
      }
      const { disable } = delivery;
      if (disable !== undefined) return await this.#fail(new Error(disable), 0, disable);
      const deadLetters = lettersOf(batch, delivery);
      if (deadLetters.length > 0) this.#tellDead(deadLetters);
      const delivered = events.length - deadLetters.length;
      return await this.#note({ ...done, delivered, deadLetters });
    }
  }

  /** Isolates the rejected events. */
  async #deliverHalves(batch: Batch, wake: AbortSignal, lost: AbortSignal): Promise<boolean> {
    const { events, settled } = batch;
    const half = Math.floor(events.length / 2);
    const first = { ...batch, events: events.slice(0, half), ...this.#place, settled: settled && [] };
    if (!(await this.#deliver(first, wake, lost))) return false;
    return await this.#deliver({ ...batch, events: events.slice(half) }, wake, lost);
  }

  async #advance(given: Advance): Promise<boolean> {
    const state = this.#state!;
    const advance = { ...given, delivered: given.delivered + (this.#passed?.delivered ?? 0) };
    const version = await this.#around.table.advance(this.name, state.version, advance);
    if (version === undefined) return false;
    if (this.#isFailing) this.#around.logger.info(this.#about, `The emitter "${this.name}" delivers again.`);
    this.#isFailing = false;
    const { position, positionAt } = advance;
    this.#state = { ...state, version, position, positionAt, failures: 0, failingSince: null };
    this.#savedAt = performance.now();
    this.#forget();
    return true;
  }

  async #fail(error: unknown, retryIn: number, disable = this.#disabledFor()): Promise<boolean> {
    // The pause may be long, so passed changes are saved before it.
    if (!(await this.#notePassed())) return false;
    const state = this.#state!;
    const text = textOf(error);
    const failures = state.failures + 1;
    this.#isFailing = true;
    const next =
      disable === undefined
        ? `The next attempt comes in ${Math.ceil(retryIn / 1_000)} s`
        : `It is disabled: ${disable}`;
    this.#around.logger[disable === undefined ? 'warn' : 'error'](
      { ...this.#about, failures },
      `The emitter "${this.name}" could not deliver (failure ${failures} in a row): ${text} ${next}; runs go on, and nothing is lost.`,
    );
    const failure = { error: text, retryIn, ...(disable !== undefined && { disable }) };
    const version = await this.#around.table.fail(this.name, state.version, failure);
    if (version === undefined) return false;
    this.#state = { ...state, version, failures, failingSince: state.failingSince ?? Date.now() };
    return disable === undefined;
  }

  #disabledFor(): string | undefined {
    const { disableAfter } = this.#declaration;
    const since = this.#state!.failingSince;
    if (disableAfter === undefined || since === null || Date.now() - since < disableAfter) return undefined;
    return `it has failed since ${new Date(since).toISOString()}, and disableAfter is ${disableAfter} ms`;
  }

  /** @throws the error, unless the history went back in time */
  async #mend(error: unknown): Promise<void> {
    const { table, feed, logger } = this.#around;
    if (!SelvageError.is(error, 'InvalidCursor')) throw error;
    const { time, ...place } = await placeToRewind(feed, this.#state!);
    logger.error(
      this.#about,
      `The emitter "${this.name}" goes on with changes from ${new Date(time).toISOString()}, some of them again, for the run history went back in time: ${error.message}`,
    );
    await table.move(this.name, { ...place, isRewound: true });
  }

  #tellDead(letters: readonly DeadLetter[]): void {
    const [{ eventId, reason }] = letters as [DeadLetter];
    this.#around.logger.error(
      { ...this.#about, deadLetters: letters.length },
      `The emitter "${this.name}" gave up ${letters.length === 1 ? '1 event' : `${letters.length} events`}, the first of them ${eventId}: ${reason.replace(/\.?$/u, '.')} See \`selvage emitters dead-letters ${this.name}\`.`,
    );
  }

  #tellTrouble(error: unknown): void {
    this.#around.logger.warn(
      this.#about,
      `The emitter "${this.name}" waits for an unreachable backend: ${textOf(error)}`,
    );
  }
}
