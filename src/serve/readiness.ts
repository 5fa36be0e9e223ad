import { SelvageError } from '../errors';
import type { Selvage } from '../client';
import { oneLineOf } from '../runtime';
import { unreachable } from '../connection/connection-errors';
import type { Backends } from '../ports';
import type { Logger } from '../authoring/knot-context';
import { fresh, answerWithin } from './fresh-answer';

export interface PartState {
  readonly ready: boolean;
  /** Why a part is not ready: a code of `docs/errors.md`. The full message is in the log, and not shown to callers. */
  readonly error?: string;
  /** A note on a part that is ready, such as that it stands by. */
  readonly note?: string;
  /** Since when the part is in this state, in milliseconds since the epoch. */
  readonly since: number;
}

export interface Readiness {
  /** Whether all parts are ready. */
  readonly ready: boolean;
  /**
   * The parts by name: `server`, `run-history`, `start-ledger`, `tapestry-store`, `data-store`, `worker`, each tapestry
   * of the worker (`tapestry:NAME`), each body host (`body-host:NAME`), and each trigger by its name in run records.
   */
  readonly parts: Readonly<Record<string, PartState>>;
}

/** Milliseconds. A time longer than a healthy part takes, and shorter than callers wait. */
const LIMIT_MS = 2_000;
const NO_HASH = `sha256:${'0'.repeat(64)}`;

type Probe = () => Promise<unknown>;

interface ReadinessOptions {
  readonly selvage: Selvage;
  readonly logger: Logger;
  readonly hasWorker: boolean;
  readonly triggers: readonly { readonly name: string; readonly state: PartState }[];
  /** Parts of the worker by name, each with its error. */
  readonly ofWorker?: () => ReadonlyMap<string, unknown>;
}

/** Probes the server and the backends, and collects the states of worker and triggers. */
export class ReadinessProbe {
  readonly #probes: Readonly<Record<string, Probe>>;
  readonly #states = new Map<string, PartState>();
  readonly #look = fresh(() => this.#ask());
  #isStopping = false;

  constructor(private readonly options: ReadinessOptions) {
    const { selvage, hasWorker } = options;
    this.#probes = { server: () => askServer(selvage), ...backendProbes(selvage.backends) };
    if (!hasWorker) return;
    this.#states.set('worker', stateOf(undefined));
    const ended = (error?: unknown): void =>
      void this.#states.set('worker', stateOf(error ?? new Error('It has ended')));
    selvage.workerEnded.then(() => ended(), ended);
  }

  /** Reports everything as not ready from now on. */
  stop(): void {
    this.#isStopping = true;
  }

  /** @param exclude names of parts that do not count */
  async read(exclude: readonly string[] = []): Promise<Readiness> {
    await this.#look();
    const states: Record<string, PartState> = Object.fromEntries([
      ...this.#states,
      ...this.options.triggers.map(({ name, state }) => [name, state] as const),
    ]);
    const ready = Object.entries(states).every(([name, state]) => state.ready || exclude.includes(name));
    return { ready: ready && !this.#isStopping, parts: states };
  }

  async #ask(): Promise<void> {
    for (const [name, error] of this.options.ofWorker?.() ?? []) this.#note(name, errorOf(error));
    await Promise.all(
      Object.entries(this.#probes).map(async ([name, probe]) => {
        const error = await answerWithin(LIMIT_MS, probe).then(() => undefined, errorOf);
        this.#note(name, error);
      }),
    );
  }

  #note(name: string, error: Error | undefined): void {
    const [before, now] = [this.#states.get(name), stateOf(error)];
    if (before?.ready === now.ready && before.error === now.error) return;
    this.#states.set(name, now);
    const { logger } = this.options;
    if (error !== undefined) logger.warn(`Not ready: ${name}: ${error.message}`);
    else if (before) logger.info(`Ready again: ${name}`);
  }
}

function stateOf(error: unknown): PartState {
  const since = Date.now();
  if (error === undefined) return { ready: true, since };
  return { ready: false, error: SelvageError.is(error) ? error.code : 'InternalError', since };
}

function errorOf(error: unknown): Error | undefined {
  if (error === undefined || error instanceof Error || SelvageError.is(error)) return error;
  return new Error(oneLineOf(error));
}

async function askServer({ client, location: place }: Selvage): Promise<void> {
  const { connection } = client;
  try {
    await connection.withDeadline(Date.now() + LIMIT_MS, () => connection.workflowService.getSystemInfo({}));
  } catch (error) {
    throw unreachable(error, place.address);
  }
}

/** Probes for entries that do not exist: they use the path of real work, and return nothing. */
function backendProbes({
  runHistory,
  startLedger,
  tapestryStore,
  dataStore,
}: Backends): Record<string, Probe> {
  return {
    'run-history': () => runHistory.getRun('selvage.ready'),
    'start-ledger': () => startLedger.find('selvage:ready', 'selvage:ready'),
    'tapestry-store': () => tapestryStore.get(NO_HASH),
    'data-store': () => dataStore.has(NO_HASH),
  };
}
