import * as path from 'node:path';
import { projectFolder } from '../project-folder';
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

type Located<T> = Record<'store' | 'history' | 'data', T> & {
  /** Only where there is one. */
  readonly largeData?: T;
};

/**
 * Where {@link openBackends} would open the three backends of the environment, without opening or making anything.
 *
 * @throws SelvageError `InvalidUrl`
 */
export function locateBackends(options: LocateBackendsOptions = {}): Located<BackendPlace> {
  const { store, history, data, largeData } = locatedBackends(options);
  return {
    store: shown(store),
    history: shown(history),
    data: shown(data),
    ...(largeData && { largeData: shown(largeData) }),
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
  };
}

/** @internal What may be told of a place: a technology keeps more in it, secrets too. */
export function shown({ place: { technology, shown, path }, variable }: LocatedBackend): BackendPlace {
  return {
    technology,
    shown,
    ...(path !== undefined && { path }),
    ...(variable !== undefined && { variable }),
  };
}
