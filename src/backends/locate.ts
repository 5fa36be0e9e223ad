import * as path from 'node:path';
import type { OpenBackendsOptions } from './open';
import { DEFAULT_URL, parseBackendUrl } from './url';

export type LocateBackendsOptions = Pick<OpenBackendsOptions, 'projectDir' | 'environment'>;

/** Where a backend is. */
export interface BackendPlace {
  readonly technology: 'sqlite' | 'local-disk' | 'memory';
  /** The absolute path of its file or folder, if it has one. It need not exist. */
  readonly path?: string;
  /** The variable of the environment that says so; absent: the default. */
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
  const { projectDir = process.cwd(), environment = process.env } = options;
  const locate = (port: Parameters<typeof parseBackendUrl>[0], variable: string): BackendPlace => {
    const said = environment[variable];
    const url = parseBackendUrl(port, said || DEFAULT_URL);
    return {
      technology: url.scheme === 'file' ? 'local-disk' : url.scheme,
      ...('path' in url && { path: path.resolve(projectDir, url.path) }),
      ...(said && { variable }),
    };
  };
  return {
    store: locate('tapestry store', 'SELVAGE_STORE'),
    history: locate('run history', 'SELVAGE_HISTORY'),
    data: locate('data store', 'SELVAGE_DATA'),
  };
}
