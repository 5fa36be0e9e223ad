import type {
  Advance,
  DeadLetterQuery,
  DeliveryFailure,
  EmitterState,
  EmitterTable,
  Move,
  Page,
  StoredDeadLetter,
} from '../../ports';
import { newestFirst } from './newest-first';

type State = Omit<EmitterState, 'deadLetters' | 'redriven'>;

const NO_FAILURE = { failures: 0, failingSince: null, lastError: null, retryAt: null } as const;
const ENABLED = { disabledAt: null, disabledBecause: null } as const;

/** The cursors of emitters in this process's memory, for tests and in-process runs. */
export class InMemoryEmitterTable implements EmitterTable {
  readonly technology = 'memory';
  readonly #states = new Map<string, State>();
  /** Dead letters in the order of giving up. A removed letter leaves a gap. */
  #letters: (StoredDeadLetter | undefined)[] = [];

  async begin(name: string, { position, positionAt }: Move): Promise<EmitterState> {
    const fresh = {
      name,
      version: 0,
      position,
      positionAt,
      delivered: 0,
      deliveredAt: null,
      ...NO_FAILURE,
      ...ENABLED,
      rewoundAt: null,
      createdAt: Date.now(),
    };
    const state = this.#states.get(name) ?? fresh;
    this.#states.set(name, { ...state, version: state.version + 1 });
    return this.#withCounts(this.#states.get(name)!);
  }

  async list(): Promise<EmitterState[]> {
    return [...this.#states.values()]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((state) => this.#withCounts(state));
  }

  async advance(name: string, version: number, advance: Advance): Promise<number | undefined> {
    const { position, positionAt, delivered, deadLetters = [], settled = [] } = advance;
    const state = this.#states.get(name);
    if (state?.version !== version) return undefined;
    this.#change(state, {
      position,
      positionAt,
      delivered: state.delivered + delivered,
      ...(delivered > 0 && { deliveredAt: Date.now() }),
      ...NO_FAILURE,
    });
    const given = deadLetters.map(({ eventId }) => eventId);
    await this.forget(name, [...settled, ...given]);
    for (const letter of deadLetters)
      this.#letters.push({ ...letter, emitter: name, at: Date.now(), redrivenAt: null });
    return version + 1;
  }

  async fail(name: string, version: number, failure: DeliveryFailure): Promise<number | undefined> {
    const state = this.#states.get(name);
    if (state?.version !== version) return undefined;
    const now = Date.now();
    this.#change(state, {
      failures: state.failures + 1,
      failingSince: state.failingSince ?? now,
      lastError: failure.error,
      retryAt: now + Math.ceil(failure.retryIn),
      ...(failure.disable !== undefined && { disabledAt: now, disabledBecause: failure.disable }),
    });
    return version + 1;
  }

  async move(name: string, { position, positionAt, isRewound = false }: Move): Promise<boolean> {
    const rewound = isRewound && { rewoundAt: Date.now() };
    return this.#change(this.#states.get(name), {
      position,
      positionAt,
      ...NO_FAILURE,
      ...ENABLED,
      ...rewound,
    });
  }

  async resume(name: string): Promise<boolean> {
    const state = this.#states.get(name);
    const failingSince = typeof state?.failingSince === 'number' ? Date.now() : null;
    return this.#change(state, { retryAt: null, failingSince, ...ENABLED });
  }

  async deadLetters(name: string, query: DeadLetterQuery = {}): Promise<Page<StoredDeadLetter>> {
    return newestFirst(
      this.#letters,
      query,
      ({ at }) => at,
      ({ emitter, redrivenAt }) => emitter === name && (!query.redriven || redrivenAt !== null),
    );
  }

  async redrive(name: string, eventIds?: readonly string[]): Promise<number> {
    const redrivenAt = Date.now();
    return this.#replace(name, eventIds, (letter) => ({ ...letter, redrivenAt }));
  }

  async forget(name: string, eventIds?: readonly string[]): Promise<number> {
    return this.#replace(name, eventIds, () => undefined);
  }

  async remove(name: string): Promise<boolean> {
    await this.forget(name);
    return this.#states.delete(name);
  }

  async close(): Promise<void> {}

  #change(state: State | undefined, changes: Partial<State>): boolean {
    if (state) this.#states.set(state.name, { ...state, ...changes, version: state.version + 1 });
    return state !== undefined;
  }

  #replace(
    name: string,
    eventIds: readonly string[] | undefined,
    by: (letter: StoredDeadLetter) => StoredDeadLetter | undefined,
  ): number {
    const wanted = eventIds && new Set(eventIds);
    let count = 0;
    this.#letters = this.#letters.map((letter) => {
      if (letter?.emitter !== name || wanted?.has(letter.eventId) === false) return letter;
      count += 1;
      return by(letter);
    });
    return count;
  }

  #withCounts(state: State): EmitterState {
    const own = this.#letters.filter((letter) => letter?.emitter === state.name);
    return {
      ...state,
      deadLetters: own.length,
      redriven: own.filter((letter) => letter!.redrivenAt !== null).length,
    };
  }
}
