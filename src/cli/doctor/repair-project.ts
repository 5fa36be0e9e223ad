import { existsSync } from 'node:fs';
import { repairDatabase, setDatabaseAside, type DatabaseRepair } from '../../adapters/sqlite/repair';
import { locateBackends } from '../../backends';
import { SelvageError } from '../../errors';
import type { RunHistory } from '../../ports';
import {
  EmbeddedServer,
  databaseFiles,
  requireUnopened,
  serverFolder,
  withServerAtRest,
  type Leftover,
} from '../../server';
import { everyItem } from '../../ports/parts/every-item';
import { withBackends } from '../location/records';

interface RepairProjectOptions {
  readonly projectDir: string;
  /** Environment variables of the backends. Default: `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Receives notes about slow steps. Default: nobody. */
  readonly log?: (message: string) => void;
}

export interface ProjectRepair {
  /** Files of dead processes and interrupted writes in the server's folder. */
  readonly leftovers: readonly Leftover[];
  readonly backends: readonly DatabaseRepair[];
  /** Temporal's database: sound, or moved away. */
  readonly temporal: DatabaseRepair;
  /** Id of Temporal's database, if that was moved away. */
  readonly lostCluster?: string | undefined;
}

/**
 * Repairs the project's `.selvage`: leases, locks and state of the embedded server, SQLite files of the backends,
 * Temporal's database. Keeps a damaged file under a name with the date, and does not touch sound ones.
 *
 * Keeps all readable rows of a backend's file. Moves Temporal's database away as a whole, because half of a run's
 * state would be wrong.
 *
 * @throws SelvageError `ProjectInUse` while other processes use the files, `DiskFull`, `FolderUnusable`,
 * `UnreleasedData`, `InvalidUrl`, `MissingPackage`
 */
export async function repairProject({
  projectDir,
  environment = process.env,
  log = () => {},
}: RepairProjectOptions): Promise<ProjectRepair> {
  const stamp = new Date().toISOString().replaceAll(':', '-').replace(/\..*$/, 'Z');
  const repair = async (file: string, salvage?: () => Promise<undefined>): Promise<DatabaseRepair> => {
    const beforeSwap = (): Promise<void> => requireUnopened(projectDir, databaseFiles(file));
    await beforeSwap();
    log(`Reading ${file}`);
    return await repairDatabase(file, { stamp, beforeSwap, salvage });
  };
  const found = await withServerAtRest(projectDir, stamp, async ({ folder, ...rest }) => {
    const backends: DatabaseRepair[] = [];
    for (const file of sqliteFiles(projectDir, environment)) backends.push(await repair(file));
    return { ...rest, backends, temporal: await repair(folder.database, async () => undefined) };
  });
  const { leftovers, backends, lastFailure, cluster } = found;
  let { temporal } = found;
  if (temporal.state === 'sound' && lastFailure === 'DatabaseDamaged') {
    log('Starting the embedded server on it');
    temporal = await tryServer(projectDir, stamp, temporal);
  }
  return { leftovers, backends, temporal, ...(temporal.movedTo !== undefined && { lostCluster: cluster }) };
}

/** SQLite may find a database sound that lacks Temporal's tables. */
async function tryServer(projectDir: string, stamp: string, sound: DatabaseRepair): Promise<DatabaseRepair> {
  try {
    const server = await EmbeddedServer.acquire({ projectDir });
    await server.release({ wait: true });
    return sound;
  } catch (error) {
    if (!SelvageError.is(error, 'DatabaseDamaged')) throw error;
    const movedTo = await withServerAtRest(projectDir, stamp, async ({ folder }) =>
      setDatabaseAside(folder.database, `unusable-${stamp}`),
    );
    return { ...sound, state: 'unrepairable', problems: [error.message], movedTo };
  }
}

/**
 * Ends the records of a lost server's runs, so that they can be resumed. Returns the ids of these runs, newest first.
 */
export async function endLostRuns(
  { projectDir, environment = process.env }: RepairProjectOptions,
  cluster: string,
): Promise<string[]> {
  // Reads no values: needs neither their keys nor their store.
  const options = { projectDir, environment, encryption: false, openLate: true } as const;
  return await withBackends(options, async ({ runHistory }) => {
    const runs = await runsInFlight(runHistory, cluster);
    for (const { temporal_run_id } of runs)
      await runHistory.endRun(temporal_run_id, {
        status: 'terminated',
        finished_at: Date.now(),
        details: {
          error: { type: 'RunTerminated', message: "The run was lost in a repair of Temporal's database." },
        },
      });
    return runs.map(({ run_id }) => run_id);
  });
}

async function runsInFlight(
  history: RunHistory,
  cluster: string,
): Promise<{ run_id: string; temporal_run_id: string }[]> {
  const runs: { run_id: string; temporal_run_id: string }[] = [];
  for await (const run of everyItem((page) => history.listRuns({ status: 'running', ...page }))) {
    const { server } = run.details as { server?: string };
    if (server?.startsWith(`${cluster}/`)) runs.push(run);
  }
  return runs;
}

/** The project's existing database files: of its backends and, if an embedded server has run, Temporal's. */
export function databasesOf(projectDir: string): string[] {
  const all = [...sqliteFiles(projectDir), serverFolder(projectDir).database];
  return all.filter((file) => existsSync(file));
}

function sqliteFiles(projectDir: string, environment?: RepairProjectOptions['environment']): string[] {
  const places = Object.values(locateBackends({ projectDir, environment }));
  return [
    ...new Set(places.flatMap(({ technology, path }) => (technology === 'sqlite' && path ? [path] : []))),
  ];
}
