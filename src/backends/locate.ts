import * as path from 'node:path';
import type { OpenBackendsOptions } from './open';
import { placeOf, type Place, type Port, type Technology } from './technologies';

export type LocateBackendsOptions = Pick<OpenBackendsOptions, 'projectDir' | 'environment'>;

/** One database in the project's own folder. */
export const DEFAULT_URL = `sqlite:${path.join('.selvage', 'selvage.db')}`;

/** Where a backend is. */
export interface BackendPlace extends Omit<Place, 'key'> {
  /** The variable of the environment that says so; absent: the default. */
  readonly variable?: string;
}

/** @internal The place with the technology that opens it. */
export interface LocatedBackend {
  readonly technology: Technology;
  readonly place: Place;
  readonly variable?: string;
}

/**
 * Where {@link openBackends} would open the three backends of the environment, without opening or making anything.
 *
 * @throws SelvageError `InvalidUrl`
 */
export function locateBackends(
  options: LocateBackendsOptions = {},
): Record<'store' | 'history' | 'data', BackendPlace> {
  const { store, history, data } = locatedBackends(options);
  return { store: shown(store), history: shown(history), data: shown(data) };
}

/** @internal */
export function locatedBackends(
  options: LocateBackendsOptions = {},
): Record<'store' | 'history' | 'data', LocatedBackend> {
  const { projectDir = process.cwd(), environment = process.env } = options;
  const locate = (port: Port, variable: string): LocatedBackend => {
    const said = environment[variable];
    return { ...placeOf(port, said || DEFAULT_URL, projectDir), ...(said && { variable }) };
  };
  return {
    store: locate('tapestry store', 'SELVAGE_STORE'),
    history: locate('run history', 'SELVAGE_HISTORY'),
    data: locate('data store', 'SELVAGE_DATA'),
  };
}

function shown({ place: { key: _, ...place }, variable }: LocatedBackend): BackendPlace {
  return { ...place, ...(variable !== undefined && { variable }) };
}
