import { existsSync } from 'node:fs';
import { locateBackends, openBackends, type OpenBackendsOptions } from '../../backends';
import { chosenServer } from '../../connection/server-address';
import { SelvageError } from '../../errors';
import { isProject, projectFolder } from '../../node/project-folder';
import type { Backends } from '../../ports';
import type { RecordOptions, ServerOptions } from '../options/server-options';

/** Opens a project's backends, a capsule or exported files without a server, and closes them in any case. */
export async function withRecords(
  options: RecordOptions,
  work: (backends: Backends) => Promise<number>,
): Promise<number> {
  if (options.capsule !== undefined)
    return await work((await (await import('../../capsule/index.js')).readCapsule(options.capsule)).backends);
  if (options.parquet === undefined) requireHistory(options);
  const opened =
    options.parquet === undefined
      ? openBackends({ projectDir: projectFolder(options.projectDir), openLate: true })
      : exportedIn(options.parquet);
  return await closingAfter(opened, work);
}

/** Opens backends, and closes them in any case. */
export function withBackends<T>(
  options: OpenBackendsOptions,
  work: (backends: Backends) => Promise<T>,
): Promise<T> {
  return closingAfter(openBackends(options), work);
}

async function closingAfter<T>(
  opened: Promise<Backends>,
  work: (backends: Backends) => Promise<T>,
): Promise<T> {
  const backends = await opened;
  try {
    return await work(backends);
  } finally {
    await backends.close();
  }
}

async function exportedIn(parquet: string): Promise<Backends> {
  const { createInMemoryBackends } = await import('../../backends/in-memory.js');
  const { openAnalyticalHistory } = await import('../../adapters/duckdb/index.js');
  const runHistory = await openAnalyticalHistory({ parquet });
  return { ...createInMemoryBackends(), runHistory, close: () => runHistory.close() };
}

type ProjectOptions = Pick<ServerOptions, 'projectDir' | 'capsule'>;

/**
 * Checks that a project exists, before an embedded server is started and a folder created.
 *
 * @throws SelvageError `FileNotFound`
 */
export function requireProject(options: ServerOptions): void {
  if (chosenServer(options)) return;
  const folder = projectFolder(options.projectDir);
  if (!isProject(folder)) throw noProject(folder, options);
}

export function hasHistory(options: ProjectOptions): boolean {
  try {
    requireHistory(options);
    return true;
  } catch (error) {
    if (SelvageError.is(error, 'FileNotFound')) return false;
    throw error;
  }
}

/**
 * Checks that a run history exists, so that a query does not create one.
 *
 * @throws SelvageError `FileNotFound`
 */
export function requireHistory(options: ProjectOptions): void {
  if (options.capsule !== undefined) return;
  const folder = projectFolder(options.projectDir);
  const { history } = locateBackends({ projectDir: folder });
  if (history.path === undefined || existsSync(history.path)) return;
  if (history.variable === undefined && !isProject(folder)) throw noProject(folder, options);
  throw new SelvageError(
    'FileNotFound',
    `There is no run history at ${history.path} yet. Run something in this project, or name another with --project-dir.`,
    { details: { file: history.path } },
  );
}

function noProject(folder: string, { projectDir }: ProjectOptions): SelvageError {
  const where =
    projectDir === undefined ? `neither ${folder} nor a folder above it has` : `${folder} does not have`;
  return new SelvageError(
    'FileNotFound',
    `No run is on record here: ${where} a .selvage. Go to the folder of your project, or name it with --project-dir.`,
    { details: { folder } },
  );
}
