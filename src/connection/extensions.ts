import { readFragment } from '../plan';
import { SelvageError, isOfClass } from '../errors';
import type { Fragment } from '../authoring';
import type { Backends, Offer, SubscribableTapestryStore, TapestryStore } from '../ports';
import type { RunHandle } from './run-handle';

export interface FollowOptions {
  /** Aborting this signal ends the call and does not affect the run. */
  readonly signal?: AbortSignal;
  /** A function that is called for each offer that the run took or already had. */
  readonly onTaken?: (offer: Offer) => void;
  /** A function that is called for each refused offer. */
  readonly onRefused?: (offer: Offer, error: SelvageError) => void;
}

/** The results of the offers to a run. */
export interface FollowResult {
  readonly taken: readonly Offer[];
  readonly refused: readonly { readonly offer: Offer; readonly error: SelvageError }[];
}

function requireSubscribable(store: TapestryStore): SubscribableTapestryStore {
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

/** Offers more knots to runs through a subscribable tapestry store: `selvage.extensions`. */
export class Extensions {
  /** @internal */
  constructor(
    private readonly host: {
      readonly backends: Pick<Backends, 'tapestryStore'>;
      getRun(runId: string): RunHandle;
    },
  ) {}

  /**
   * Offers more knots to a run, for the process that follows its extensions. The run need not exist yet.
   *
   * @returns the offer's number
   * @throws SelvageError `InvalidFragment`, `NotSubscribable`, `BackendUnavailable`
   */
  async offer(runId: string, fragment: Fragment): Promise<number> {
    const text = JSON.stringify(readFragment(JSON.parse(JSON.stringify(fragment ?? null))));
    const store = requireSubscribable(this.host.backends.tapestryStore);
    return await store.offer({ runId, fragment: text, offeredAt: Date.now() });
  }

  /**
   * Extends a run by each of its offers, in order, until the run is over or the signal is aborted. A refused
   * offer is reported, and the next is tried. Offers are delivered at least once and applied once, so call
   * this again after an error, or in several processes.
   *
   * @throws SelvageError `NotSubscribable`, `UnknownRun`, `ServerUnreachable`, `BackendUnavailable`
   */
  async follow(runId: string, options: FollowOptions = {}): Promise<FollowResult> {
    const store = requireSubscribable(this.host.backends.tapestryStore);
    return await followExtensions(this.host.getRun(runId), store, options);
  }
}

async function followExtensions(
  run: RunHandle,
  store: SubscribableTapestryStore,
  { signal, onTaken, onRefused }: FollowOptions,
): Promise<FollowResult> {
  const taken: Offer[] = [];
  const refused: { offer: Offer; error: SelvageError }[] = [];
  const pass = async (offer: Offer): Promise<void> => {
    try {
      await run.extend(JSON.parse(offer.fragment) as Fragment);
      taken.push(offer);
      onTaken?.(offer);
    } catch (error) {
      // Errors of other classes are not the fragment's fault.
      if (!isOfClass(error, 'mistake', 'input', 'state', 'damaged') || error.code === 'UnknownRun')
        throw error;
      refused.push({ offer, error });
      onRefused?.(offer, error);
    }
  };
  const over = new AbortController();
  const end = run.result({ outputs: 'none' }).finally(() => over.abort());
  // The await below reports an error of the end.
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
    // Offers that came too late are reported, too.
    for (const offer of await store.offers(run.runId, last)) await pass(offer);
    return { taken, refused };
  } finally {
    over.abort();
  }
}
