import { existsSync } from 'node:fs';
import { inspectSqliteFile, type SqliteFileState } from '../adapters/shared/sqlite';
import { requireWritable } from '../adapters/shared/writable';
import { locateBackends, type BackendPlace, type LocateBackendsOptions } from './locate';

/** A place where backends are, or will be made. */
export interface BackendReport extends BackendPlace {
  /** Which of the three are there. */
  readonly backends: readonly ('store' | 'history' | 'data')[];
  /** `absent`: it will be made at the first use; `old`: its tables will be brought up to date then. */
  readonly state?: SqliteFileState;
  /** Why it cannot be used: a SelvageError. */
  readonly error?: unknown;
}

/**
 * How the backends of the environment stand: whether they can be written and have the tables of this version. Changes nothing.
 *
 * @throws SelvageError `InvalidUrl`
 */
export async function inspectBackends(options: LocateBackendsOptions = {}): Promise<BackendReport[]> {
  const places = locateBackends(options);
  const reports = new Map<string, BackendReport>();
  for (const backend of ['store', 'history', 'data'] as const) {
    const place = places[backend];
    const key = `${place.technology}:${place.path ?? ''}`;
    const known = reports.get(key);
    reports.set(
      key,
      known
        ? { ...known, backends: [...known.backends, backend] }
        : { ...place, backends: [backend], ...(await stateOf(place)) },
    );
  }
  return [...reports.values()];
}

async function stateOf(place: BackendPlace): Promise<Pick<BackendReport, 'state' | 'error'>> {
  if (place.path === undefined) return { state: 'current' };
  try {
    if (place.technology === 'sqlite') return { state: await inspectSqliteFile(place.path) };
    requireWritable(place.path);
    return { state: existsSync(place.path) ? 'current' : 'absent' };
  } catch (error) {
    return { error };
  }
}
