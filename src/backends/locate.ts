import * as path from 'node:path';
import { projectFolder } from '../node/project-folder';
import { defined } from '../values';
import type { OpenBackendsOptions } from './open';
import { placeOf, type Location, type Port, type Technology } from './technologies';

export type LocateBackendsOptions = Pick<OpenBackendsOptions, 'projectDir' | 'environment'>;

/** The default is one database in the project's own folder. */
export const DEFAULT_URL = `sqlite:${path.join('.selvage', 'selvage.db')}`;

export interface BackendLocation extends Omit<Location, 'key'> {
  /** The environment variable that names the place. Absent: the default. */
  readonly variable?: string;
}

/** @internal */
export interface LocatedBackend {
  readonly technology: Technology;
  readonly place: Location;
  readonly variable?: string;
}

type Located<T> = Record<'store' | 'history' | 'data', T> & {
  /** The store for large values; absent if there is none. */
  readonly largeData?: T;
  /** The ledger's place; absent if it is the run history's location. */
  readonly ledger?: T;
};

/** The locations that {@link openBackends} would open; creates nothing. @throws SelvageError `InvalidUrl` */
export function locateBackends(options: LocateBackendsOptions = {}): Located<BackendLocation> {
  const { store, history, data, largeData, ledger } = locatedBackends(options);
  return {
    store: shown(store),
    history: shown(history),
    data: shown(data),
    ...(largeData && { largeData: shown(largeData) }),
    ...(ledger && { ledger: shown(ledger) }),
  };
}

/** @internal */
export function locatedBackends(options: LocateBackendsOptions = {}): Located<LocatedBackend> {
  const { environment = process.env } = options;
  const projectDir = projectFolder(options.projectDir);
  const locate = (port: Port, variable: string): LocatedBackend => {
    const said = environment[variable];
    return { ...placeOf(port, said || DEFAULT_URL, projectDir), ...(said && { variable }) };
  };
  return {
    store: locate('tapestry store', 'SELVAGE_STORE'),
    history: locate('run history', 'SELVAGE_HISTORY'),
    data: locate('data store', 'SELVAGE_DATA'),
    ...(environment['SELVAGE_DATA_LARGE'] && { largeData: locate('data store', 'SELVAGE_DATA_LARGE') }),
    ...(environment['SELVAGE_LEDGER'] && { ledger: locate('start ledger', 'SELVAGE_LEDGER') }),
  };
}

/** @internal The public part of a location, without secrets. */
export function shown({ place: { technology, shown, path }, variable }: LocatedBackend): BackendLocation {
  return defined({ technology, shown, path, variable });
}
