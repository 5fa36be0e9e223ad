import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import type { LoggerLike } from '../authoring/knot-context';
import type { EmitterDeclaration, EmitterList } from '../emitters';
import { useSettings } from '../adapters/open-telemetry/body-traces';
import { observeEmitterLag, type EmitterLag } from '../adapters/open-telemetry/emitter-lag';
import type { TraceSettings } from '../emitters/open-telemetry';
import { SelvageError } from '../errors';
import type { Backends } from '../ports';
import { decodeStored, LeaseKeeper } from '../runtime';
import { EmitterRunner } from './emitter-runner';
import { FeedTail } from './feed-tail';
import { LiveChannel } from './live';
import { pause, within } from '../ports/parts/pause';
import { lagBehind, nextPage, startOf } from './places';
import { requireFeed, RunEvents, type Feed } from './run-events';
import { durationOption, type Duration } from '../values/duration';

/** Time after which a dead process's lease is free. */
const LEASE_MS = 15_000;
/** Interval of reading the emitters' states, for all emitters of the process at once. */
const LOOK_MS = 1_000;
/** Interval of reading while waiting for all deliveries. */
const DRAIN_LOOK_MS = 20;
const STOP_MS = 5_000;

export interface DeliveriesOptions {
  readonly backends: Pick<Backends, 'runHistory' | 'dataStore' | 'leaseTable' | 'tapestryStore'>;
  readonly emitters: EmitterList;
  readonly logger: LoggerLike;
  /** Base of emitters' relative paths. */
  readonly projectDir: string;
  /** Time after which another process replaces a dead process. Default 15 s. */
  readonly leaseTtl?: Duration;
}

/** The emitters of a process. The process with an emitter's lease delivers to that emitter. */
export class Deliveries {
  readonly #feed: Feed;
  readonly #runners: readonly EmitterRunner[];
  readonly #live: readonly LiveChannel[];
  readonly #stopping = new AbortController();
  readonly #now = new AbortController();
  readonly #running: Promise<unknown>;
  readonly #unobserve: () => void;
  #stopped: Promise<void> | undefined;

  private constructor(
    { backends, logger, projectDir, leaseTtl = LEASE_MS }: Omit<DeliveriesOptions, 'emitters'>,
    emitters: readonly EmitterDeclaration[],
  ) {
    const feed = (this.#feed = requireFeed(backends.runHistory));
    const { dataStore, leaseTable, tapestryStore } = backends;
    const table = feed.emitterTableBeside();
    const around = {
      feed,
      tail: new FeedTail(feed, this.#stopping.signal),
      events: new RunEvents(feed, emitters.length > 1),
      table,
      leases: new LeaseKeeper(leaseTable, durationOption('leaseTtl', leaseTtl)),
      owner: randomUUID(),
      holder: `${process.pid}@${hostname()}`,
      logger,
      projectDir,
      plan: async (hash: string) => (await tapestryStore.get(hash))?.text,
      run: (temporalRunId: string) => feed.getRunByTemporalId(temporalRunId),
      records: (temporalRunId: string, knotIds: readonly string[]) => feed.getRecords(temporalRunId, knotIds),
      value: async (hash: string): Promise<unknown> => {
        const bytes = await dataStore.get(hash);
        if (bytes) return decodeStored(hash, bytes);
        throw new SelvageError(
          'ValueMissing',
          `The value ${hash} is not in the data store: it was removed since.`,
          {
            details: { hash },
          },
        );
      },
    };
    for (const emitter of emitters)
      if (emitter.kind === 'open-telemetry') useSettings(emitter.options as TraceSettings);
    this.#runners = emitters.map((declaration) => new EmitterRunner(declaration, around));
    // Live events need no lease: each process reports its own.
    this.#live = emitters.flatMap((declaration) => LiveChannel.of(declaration, logger) ?? []);
    const look = async (): Promise<void> => {
      while (!this.#stopping.signal.aborted) {
        await pause(LOOK_MS, this.#stopping.signal);
        const states = await table.list().catch(() => undefined);
        for (const runner of states ? this.#runners : [])
          runner.look(states!.find(({ name }) => name === runner.name));
      }
    };
    this.#unobserve = observeEmitterLag(() => this.#lags());
    setMaxListeners(0, this.#stopping.signal, this.#now.signal);
    const signals = [this.#stopping.signal, this.#now.signal] as const;
    this.#running = Promise.all([look(), ...this.#runners.map((runner) => runner.run(...signals))]);
  }

  /**
   * Gives each emitter a cursor. @throws SelvageError `DuplicateEmitter`, `NoChangeFeed`,
   * `BackendUnavailable`
   */
  static async start(options: DeliveriesOptions): Promise<Deliveries> {
    const { backends, ...others } = options;
    const emitters = others.emitters.flat();
    requireDifferent(emitters);
    const feed = requireFeed(backends.runHistory);
    const table = feed.emitterTableBeside();
    const known = new Set((await table.list()).map(({ name }) => name));
    for (const emitter of emitters)
      if (!known.has(emitter.name)) await table.begin(emitter.name, await startOf(emitter, feed));
    return new Deliveries(options, emitters);
  }

  /** Waits for deliveries of current records, except by failing emitters. Returns the emitters that lag. */
  async drained(ms: number): Promise<string[]> {
    const until = performance.now() + ms;
    // Reads ahead once for each position at which an emitter stays; a moving emitter reads for itself.
    const looks = new Map<EmitterRunner, { readonly place: string; isThrough: boolean | undefined }>();
    for (;;) {
      const last = (await this.#feed.lastChange()) ?? null;
      const isOver = performance.now() >= until;
      const behind: EmitterRunner[] = [];
      for (const runner of this.#runners) {
        const { position } = runner;
        const place = `${position} ${last}`;
        const known = looks.get(runner);
        const look = known?.place === place ? known : { place, isThrough: position === last || undefined };
        if (position !== undefined && (look === known || isOver || runner.isFailing))
          look.isThrough ??= (await nextPage(this.#feed, position)) === undefined;
        looks.set(runner, look);
        const { isThrough } = look;
        if (isThrough && !runner.isUnsaved) continue;
        if (isThrough) runner.save();
        behind.push(runner);
      }
      const isWorth = behind.some(({ isFailing, isElsewhere }) => !isFailing && !isElsewhere);
      if (!isWorth || isOver) return behind.map(({ name }) => name);
      await pause(DRAIN_LOOK_MS, this.#stopping.signal);
    }
  }

  /** Lets deliveries end, for at most 5 s, and returns the leases. A second call of this method waits for the first. */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  /** The lag only of emitters that this process delivers to. */
  async #lags(): Promise<EmitterLag[]> {
    const last = await this.#feed.lastChange();
    const lags = this.#runners.map(async ({ name, position }): Promise<EmitterLag[]> => {
      if (position === undefined) return [];
      const { changes, ageMs } = await lagBehind(this.#feed, position, last);
      return [{ emitter: name, changes, age: ageMs }];
    });
    return (await Promise.all(lags)).flat();
  }

  async #stop(): Promise<void> {
    this.#unobserve();
    this.#stopping.abort();
    for (const channel of this.#live) channel.stop();
    await within(this.#running, STOP_MS);
    this.#now.abort();
    await within(this.#running, STOP_MS);
  }
}

function requireDifferent(emitters: readonly EmitterDeclaration[]): void {
  const names = new Set<string>();
  for (const { name } of emitters) {
    if (names.has(name)) throw duplicateEmitter(name);
    names.add(name);
  }
}

export function duplicateEmitter(name: string): SelvageError {
  return new SelvageError(
    'DuplicateEmitter',
    `Two emitters have the name "${name}". Give each a name of its own (option "name"): how far it has got is remembered under it.`,
    { details: { emitter: name } },
  );
}
