import {
  locatedBackends,
  shown,
  type BackendLocation,
  type LocateBackendsOptions,
  type LocatedBackend,
} from './locate';
import type { LocationState } from '../adapters/sql/migrations';

/** An existing or future location of backends. */
export interface BackendReport extends BackendLocation {
  /** The backends in this location. */
  readonly backends: readonly ('store' | 'history' | 'data' | 'largeData' | 'ledger')[];
  readonly state?: LocationState;
  /** Settings that may lose data there although everything works, one sentence each. */
  readonly threats?: readonly string[];
  /** A SelvageError that says why the location is unusable. */
  readonly error?: unknown;
}

/**
 * Checks, without changes, whether backends are writable and have this version's tables. @throws SelvageError
 * `InvalidUrl`
 */
export async function inspectBackends(options: LocateBackendsOptions = {}): Promise<BackendReport[]> {
  const located = locatedBackends(options);
  const reports = new Map<string, BackendReport>();
  for (const backend of ['store', 'history', 'data', 'largeData', 'ledger'] as const) {
    const found = located[backend];
    if (found === undefined) continue;
    const { key } = found.place;
    const known = reports.get(key);
    const report = known ?? { ...shown(found), ...(await stateOf(found)) };
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
