import { bodyLogger } from '../../src/runtime/body-logger';
import type { SelvageError } from '../../src/errors';
import type { Acceptance, Trigger, TriggerEvent, TriggerHost } from '../../src/triggers';

/** A host that keeps the deliveries and messages of a trigger. A repeated key is a duplicate, as with the ledger. */
export class RecordingHost implements TriggerHost {
  readonly delivered: TriggerEvent[] = [];
  readonly counts: Record<string, number> = {};
  readonly lags = new Map<string, number>();
  readonly lines: string[] = [];
  readonly troubles: (SelvageError | undefined)[] = [];
  /** Whether it waits for the partitions of its group, which is normal at the beginning. */
  isWaiting = false;
  readonly notes: (string | undefined)[] = [];
  readonly #stopping = new AbortController();
  readonly #keys = new Set<string>();
  readonly signal: TriggerHost['signal'] = this.#stopping.signal;
  readonly logger: TriggerHost['logger'];
  readonly metrics: TriggerHost['metrics'] = {
    count: (what, events = 1) => void (this.counts[what] = (this.counts[what] ?? 0) + events),
    lag: (of, events) => void this.lags.set(of, events),
    latency: () => {},
  };

  /** @param decide decides about an event; may take time, or reject. Default: the run is started */
  constructor(private readonly decide?: (event: TriggerEvent) => Promise<Acceptance | undefined>) {
    const write = (_: object, message: string): void => void this.lines.push(message);
    this.logger = bodyLogger({ debug: write, info: write, warn: write, error: write });
  }

  get keys(): string[] {
    return this.delivered.map(({ key }) => key).sort();
  }

  accept = async (events: readonly TriggerEvent[]): Promise<Acceptance[]> => {
    const acceptances = await Promise.all(events.map(async (event) => await this.decide?.(event)));
    return events.map((event, index) => {
      this.delivered.push(event);
      const isNew = !this.#keys.has(event.key);
      this.#keys.add(event.key);
      return acceptances[index] ?? { status: isNew ? 'started' : 'duplicate', runId: event.key };
    });
  };

  trouble(error: SelvageError | undefined, note?: string): void {
    const isUsual = this.isWaiting && error === undefined && this.troubles.at(-1) === undefined;
    this.isWaiting = error?.code === 'ConsumerRebalancing';
    if (!this.isWaiting && !isUsual) this.troubles.push(error);
    this.notes.push(note);
  }

  /** Runs a trigger; `stop` tells it to stop and waits for its end. */
  run(trigger: Trigger): { readonly ended: Promise<void>; stop(): Promise<void> } {
    const ended = trigger.run(this);
    // The rejection is reported to the one who awaits it.
    ended.catch(() => {});
    return {
      ended,
      stop: async () => {
        this.#stopping.abort();
        await ended;
      },
    };
  }
}
