import { SelvageError } from '../errors';
import type { Fragment } from '../model';
import type { Offer, SubscribableTapestryStore, TapestryStore } from '../protocols';
import type { RunHandle } from './run-handle';

export interface FollowOptions {
  /** Aborting it ends the following, and leaves the run alone. */
  readonly signal?: AbortSignal;
  /** Hears of each offer that the run has taken, or had already. */
  readonly onTaken?: (offer: Offer) => void;
  /** Hears of each that was refused, and why. */
  readonly onRefused?: (offer: Offer, error: SelvageError) => void;
}

/** What became of the offers to a run. */
export interface Followed {
  readonly taken: readonly Offer[];
  readonly refused: readonly { readonly offer: Offer; readonly error: SelvageError }[];
}

/** Errors that say nothing of the fragment. */
const TROUBLE: ReadonlySet<string> = new Set([
  'ServerUnreachable',
  'BackendUnavailable',
  'DatabaseDamaged',
  'UnknownRun',
]);

/** @throws SelvageError `NotSubscribable` */
export function requireSubscribable(store: TapestryStore): SubscribableTapestryStore {
  const candidate = store as Partial<SubscribableTapestryStore> & TapestryStore;
  if (candidate.offer && candidate.offers && candidate.subscribe)
    return candidate as SubscribableTapestryStore;
  throw new SelvageError(
    'NotSubscribable',
    `The tapestry store (${store.technology}) takes no offers for runs. Extend the run with \`run.extend\`, or use a store that does, such as that ` +
      'of SQLite.',
    { details: { technology: store.technology } },
  );
}

/** Passes on to a run what it is offered in a store, until the run is over; see `Selvage.followExtensions`. */
export async function followExtensions(
  run: RunHandle,
  store: SubscribableTapestryStore,
  { signal, onTaken, onRefused }: FollowOptions,
): Promise<Followed> {
  const taken: Offer[] = [];
  const refused: { offer: Offer; error: SelvageError }[] = [];
  const pass = async (offer: Offer): Promise<void> => {
    try {
      await run.extend(JSON.parse(offer.fragment) as Fragment);
      taken.push(offer);
      onTaken?.(offer);
    } catch (error) {
      if (!SelvageError.is(error) || TROUBLE.has(error.code)) throw error;
      refused.push({ offer, error });
      onRefused?.(offer, error);
    }
  };
  const over = new AbortController();
  const end = run.result({ outputs: 'none' }).finally(() => over.abort());
  // Reported by the await below.
  end.catch(() => undefined);
  const signals = [over.signal, ...(signal ? [signal] : [])];
  let last = 0;
  try {
    for await (const offer of store.subscribe(run.runId, { signal: AbortSignal.any(signals) })) {
      await pass(offer);
      last = offer.number;
    }
    if (signal?.aborted) return { taken, refused };
    await end;
    // What was offered when it was too late is told, too.
    for (const offer of await store.offers(run.runId, last)) await pass(offer);
    return { taken, refused };
  } finally {
    over.abort();
  }
}
