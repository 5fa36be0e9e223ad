import {
  locatedBackends,
  type BackendPlace,
  type LocateBackendsOptions,
  type LocatedBackend,
} from './locate';
import type { PlaceState } from './technologies';

/** A place where backends are, or will be made. */
export interface BackendReport extends BackendPlace {
  /** Which of the three are there. */
  readonly backends: readonly ('store' | 'history' | 'data')[];
  readonly state?: PlaceState;
  /** What threatens the data there though all works, a sentence each. */
  readonly threats?: readonly string[];
  /** Why it cannot be used: a SelvageError. */
  readonly error?: unknown;
}

/**
 * How the backends of the environment stand: whether they can be written and have the tables of this version. Changes nothing.
 *
 * @throws SelvageError `InvalidUrl`
 */
export async function inspectBackends(options: LocateBackendsOptions = {}): Promise<BackendReport[]> {
  const located = locatedBackends(options);
  const reports = new Map<string, BackendReport>();
  for (const backend of ['store', 'history', 'data'] as const) {
    const { place, variable } = located[backend];
    const { key, ...shown } = place;
    const known = reports.get(key);
    const report = known ?? {
      ...shown,
      ...(variable !== undefined && { variable }),
      ...(await stateOf(located[backend])),
    };
    reports.set(key, { ...report, backends: [...(known?.backends ?? []), backend] });
  }
  return [...reports.values()];
}

async function stateOf({
  technology,
  place,
}: LocatedBackend): Promise<Pick<BackendReport, 'state' | 'threats' | 'error'>> {
  try {
    const state = await technology.inspect(place);
    const threats = (await technology.threats?.(place)) ?? [];
    return threats.length === 0 ? { state } : { state, threats };
  } catch (error) {
    return { error };
  }
}
