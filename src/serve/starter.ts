import { runIdOfEvent, type Selvage, type StartOptions } from '../client';
import type { CheckedStart } from '../connection/run-starter';
import { mapOf, parametersOfEvent } from '../connection/event-parameters';
import { SelvageError, isOfClass } from '../errors';
import type { ClaimResult, LedgerEntry, StartClaim } from '../ports';
import {
  triggerName,
  type Acceptance,
  type EventMap,
  type TriggerDeclaration,
  type TriggerEvent,
  type TriggerMetrics,
} from '../triggers';
import { GroupedCalls } from '../connection/grouped-calls';
import { Slots } from '../ports/parts/slots';

export interface StarterOptions {
  /** A `map` that replaces the declaration's own. */
  readonly map?: EventMap;
  /** Milliseconds that `map` may take for one event; then the event is refused. Default 30,000. */
  readonly mapTimeout?: number;
  /** Maximum number of concurrent starts, of all events together. Default 64. */
  readonly startsAtOnce?: number;
  /** Milliseconds that one start may wait for the server. Default 10,000. */
  readonly startTimeout?: number;
  readonly metrics?: Pick<TriggerMetrics, 'count' | 'latency'>;
  readonly runs?: Pick<StartOptions, 'actor' | 'tags' | 'taskQueue' | 'vcsCommit'>;
}

type Client = Pick<Selvage, 'backends' | 'client' | 'starter'>;

const STARTS_AT_ONCE = 64;
const START_TIMEOUT_MS = 10_000;
const CALLS_AT_ONCE = 1_000;

interface Ready {
  readonly event: TriggerEvent;
  readonly start: CheckedStart;
}

/**
 * Starts the runs of one trigger's events, each once per key:
 *
 * 1. `map` makes parameters of an event, which are validated; an event that cannot start a run stops here.
 * 2. The event's key is claimed in the ledger. The run id is a hash of trigger and key, the same in every process.
 * 3. The run is started, or found to exist.
 * 4. The entry is marked as started; only then is the event accepted.
 *
 * A crash in between leaves an unmarked entry, and the next delivery continues from there. An outage at any step
 * throws, and leaves the results of that call unknown.
 */
export class Starter {
  readonly #name: string;
  readonly #claims: GroupedCalls<StartClaim, ClaimResult>;
  readonly #marks: GroupedCalls<Pick<StartClaim, 'trigger' | 'key'>, undefined>;
  readonly #slots: Slots;
  /** Results of first deliveries, by the event's key. A redelivered event waits for these results. */
  readonly #underWay = new Map<string, Promise<Acceptance>>();

  constructor(
    private readonly client: Client,
    private readonly trigger: TriggerDeclaration,
    private readonly options: StarterOptions = {},
  ) {
    this.#name = triggerName(trigger);
    const { startLedger } = client.backends;
    this.#claims = new GroupedCalls((claims) => startLedger.claim(claims), CALLS_AT_ONCE);
    this.#marks = new GroupedCalls(async (keys) => {
      await startLedger.markStarted(keys);
      return keys.map(() => undefined);
    }, CALLS_AT_ONCE);
    this.#slots = new Slots(options.startsAtOnce ?? STARTS_AT_ONCE);
  }

  /** See `TriggerHost.accept`. */
  readonly accept = async (events: readonly TriggerEvent[]): Promise<Acceptance[]> => {
    const began = performance.now();
    const prepared = await Promise.all(events.map((event) => this.#prepare(event)));
    const ready = prepared.filter((one): one is Ready => 'start' in one);
    const claims = await this.#claims.call(ready.map(({ event }) => this.#claimOf(event)));
    let next = 0;
    const ends = await Promise.allSettled(
      prepared.map(async (one) => ('start' in one ? await this.#startOnce(one, claims[next++]!) : one)),
    );
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed) throw failed.reason;
    const acceptances = ends.map((end) => (end as PromiseFulfilledResult<Acceptance>).value);
    this.#tell(acceptances, performance.now() - began);
    return acceptances;
  };

  /** Claims events whose runs {@link startClaimed} starts later. */
  async claim(events: readonly TriggerEvent[]): Promise<ClaimResult[]> {
    return await this.#claims.call(events.map((event) => this.#claimOf(event)));
  }

  /** Like {@link accept}, for a claimed event. */
  async startClaimed(event: TriggerEvent, claim: ClaimResult): Promise<Acceptance> {
    const prepared = await this.#prepare(event);
    return 'start' in prepared ? await this.#startOnce(prepared, claim) : prepared;
  }

  async #prepare(event: TriggerEvent): Promise<Ready | Acceptance> {
    const { tapestry } = this.trigger;
    try {
      const map = this.options.map ?? mapOf(this.trigger);
      const parameters = await parametersOfEvent(this.trigger, event, map, this.options.mapTimeout);
      if (parameters === undefined) return { status: 'filtered' };
      return { event, start: await this.client.starter.check(tapestry!, parameters) };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // An earlier version of the code may have accepted the event, and have started its run.
      const entry = await this.#earlier(event, error);
      if (!entry) return { status: 'refused', error };
      return (
        (await this.#conflictOf(event, entry)) ?? {
          status: 'duplicate',
          runId: entry.runId,
          event: entry.event,
        }
      );
    }
  }

  async #earlier({ key }: TriggerEvent, { details }: SelvageError): Promise<LedgerEntry | undefined> {
    if (details['reason'] === 'NotRecordable') return undefined;
    const entry = await this.client.backends.startLedger.find(this.#name, key);
    return entry?.startedAt === null ? undefined : entry;
  }

  #claimOf({ key, link, requestHash }: TriggerEvent): StartClaim {
    return {
      trigger: this.#name,
      key,
      runId: runIdOfEvent(this.trigger, key),
      requestHash: requestHash ?? null,
      event: link,
    };
  }

  async #startOnce(ready: Ready, claim: ClaimResult): Promise<Acceptance> {
    const { key } = ready.event;
    const { inserted, entry } = claim;
    if (!inserted) {
      const { runId, startedAt, event } = entry;
      const conflict = await this.#conflictOf(ready.event, entry);
      if (conflict) return conflict;
      if (startedAt !== null) return { status: 'duplicate', runId, event };
      const first = this.#underWay.get(key);
      if (first) return afterFirst(await first);
    }
    const starting = this.#start(ready, claim);
    this.#underWay.set(key, starting);
    try {
      return await starting;
    } finally {
      this.#underWay.delete(key);
    }
  }

  async #start({ event, start }: Ready, { inserted, entry }: ClaimResult): Promise<Acceptance> {
    const { key, link, traceparent } = event;
    const { runId } = entry;
    let isThere: boolean;
    try {
      const run = await this.#slots.use(() =>
        this.#inTime(() =>
          this.client.starter.start(start, {
            ...this.options.runs,
            runId,
            ifExists: 'attach',
            isNew: inserted,
            trigger: this.#name,
            triggerKey: key,
            event: link,
            traceparent,
          }),
        ),
      );
      isThere = run.existing !== undefined;
    } catch (error) {
      if (isRefusal(error)) return { status: 'refused', error };
      // An earlier delivery started the run, with the tapestry or `map` of that time.
      if (!SelvageError.is(error, 'RunIdInUse')) throw error;
      isThere = true;
    }
    await this.#marks.call([{ trigger: this.#name, key }]);
    return isThere ? { status: 'duplicate', runId, event: entry.event } : { status: 'started', runId };
  }

  /** `conflict` if an event with other contents has this key; undefined if hashes are equal, or not compared. */
  async #conflictOf({ requestHash }: TriggerEvent, entry: LedgerEntry): Promise<Acceptance | undefined> {
    const { runId, startedAt, event } = entry;
    if (requestHash === undefined || entry.requestHash === null || entry.requestHash === requestHash)
      return undefined;
    const isStarted =
      startedAt !== null ||
      this.#underWay.has(entry.key) ||
      (await this.#inTime(() => this.client.starter.isThere(runId)));
    return { status: 'conflict', runId, event, ...(!isStarted && { isStarted }) };
  }

  /** Reports an outage soon: a webhook's sender is waiting. */
  #inTime<T>(work: () => Promise<T>): Promise<T> {
    const { startTimeout = START_TIMEOUT_MS } = this.options;
    return this.client.client.connection.withDeadline(Date.now() + startTimeout, work);
  }

  #tell(acceptances: readonly Acceptance[], milliseconds: number): void {
    const { metrics } = this.options;
    if (!metrics) return;
    const counts = new Map<Acceptance['status'], number>();
    for (const { status } of acceptances) {
      counts.set(status, (counts.get(status) ?? 0) + 1);
      if (status === 'started') metrics.latency(milliseconds / 1_000);
    }
    for (const [status, count] of counts) metrics.count(status, count);
  }
}

function afterFirst(first: Acceptance): Acceptance {
  return first.status === 'started' ? { status: 'duplicate', runId: first.runId } : first;
}

function isRefusal(error: unknown): error is SelvageError {
  return isOfClass(error, 'input');
}
