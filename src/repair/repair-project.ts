import { existsSync, renameSync } from 'node:fs';
import { locateBackends } from '../backends';
import { SelvageError } from '../errors';
import {
  EmbeddedServer,
  databaseFiles,
  requireUnopened,
  serverFolder,
  withServerAtRest,
  type Leftover,
} from '../server';
import { mendRuns, openExecutions } from './open-runs';
import { repairDatabase, setAside, type DatabaseRepair } from './repair-database';
import { endRuns, runningRuns, type RunningRun } from './running-runs';

export interface RepairProjectOptions {
  readonly projectDir: string;
  /** Where the backends are. Default: `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Hears of what takes a while. Default: nobody does. */
  readonly log?: (message: string) => void;
}

export interface ProjectRepair {
  /** What dead processes and half-written files had left in the server's folder. */
  readonly leftovers: readonly Leftover[];
  /** The files of the backends. */
  readonly backends: readonly DatabaseRepair[];
  /** Temporal's database. */
  readonly temporal: TemporalRepair;
  /** Ids of runs that were in flight and that the server has lost. What they have committed is in the run history. */
  readonly lostRuns: readonly { readonly runId: string; readonly reason: string }[];
}

export interface TemporalRepair extends DatabaseRepair {
  /** Whether a server was started on the repaired file: `served`, or why that was not possible. Absent: there was no need. */
  readonly trial?: string;
  /** Runs in flight that go on, where the file was repaired. */
  readonly goOn?: readonly string[];
}

/**
 * Repairs what is damaged in the project's `.selvage`: the leases, locks and state of the embedded server, the SQLite files of the
 * backends, Temporal's database. A damaged file is always kept, under a name with the date. What is sound is not touched.
 *
 * A repaired Temporal database is tried: a server is started on it, and each run in flight is looked at. A database on which no server
 * starts is moved away, so that the next command makes a new one; the runs that it had in flight are then lost there.
 *
 * @throws SelvageError `ProjectInUse` while other processes use the files, `DiskFull`, `FolderUnusable`, `UnreleasedData`, `InvalidUrl`,
 * `MissingPackage`
 */
export async function repairProject(options: RepairProjectOptions): Promise<ProjectRepair> {
  const { projectDir, environment = process.env, log = () => {} } = options;
  const stamp = new Date().toISOString().replaceAll(':', '-').replace(/\..*$/, 'Z');
  const files = sqliteFiles(projectDir, environment);
  const { data } = locateBackends({ projectDir, environment });
  const { leftovers, backends, found, cluster } = await withServerAtRest(
    projectDir,
    stamp,
    async (server) => {
      const repaired: DatabaseRepair[] = [];
      for (const file of files) {
        const beforeSwap = (): Promise<void> => requireUnopened(projectDir, databaseFiles(file));
        await beforeSwap();
        log(`Reading ${file}`);
        repaired.push(
          await repairDatabase(file, {
            stamp,
            isSelvage: true,
            valuesElsewhere: data.path !== file,
            beforeSwap,
          }),
        );
      }
      const { database } = server.folder;
      log(`Reading ${database}`);
      const temporal = await repairDatabase(database, {
        stamp,
        isSelvage: false,
        beforeSwap: () => requireUnopened(projectDir, databaseFiles(database)),
      });
      return {
        leftovers: server.leftovers,
        backends: repaired,
        cluster: server.cluster,
        found: {
          ...temporal,
          isSuspect: server.lastFailure === 'DatabaseDamaged' && temporal.state === 'sound',
        },
      };
    },
  );
  const running = await runningRuns(files, cluster);
  const { isSuspect, ...temporal } = found;
  let outcome: Pick<ProjectRepair, 'temporal' | 'lostRuns'>;
  if (temporal.state === 'repaired' || isSuspect) {
    log('Starting the embedded server on it');
    outcome = await tryServer(projectDir, temporal, running, stamp);
  } else {
    outcome = { temporal, lostRuns: temporal.state === 'hopeless' ? lostWithDatabase(running) : [] };
  }
  await endRuns(files, running, outcome.lostRuns);
  return { leftovers, backends, ...outcome };
}

/** The database files of a project that are there: those of its backends, and Temporal's if a server of its own has run. */
export function databasesOf(projectDir: string, environment = process.env): string[] {
  const all = [...sqliteFiles(projectDir, environment), serverFolder(projectDir).database];
  return all.filter((file) => existsSync(file));
}

function sqliteFiles(
  projectDir: string,
  environment: NonNullable<RepairProjectOptions['environment']>,
): string[] {
  const places = Object.values(locateBackends({ projectDir, environment }));
  return [
    ...new Set(places.flatMap(({ technology, path }) => (technology === 'sqlite' && path ? [path] : []))),
  ];
}

function lostWithDatabase(runs: readonly RunningRun[]): ProjectRepair['lostRuns'] {
  return runs.map(({ runId }) => ({ runId, reason: "Temporal's database could not be kept" }));
}

async function tryServer(
  projectDir: string,
  repair: DatabaseRepair,
  running: readonly RunningRun[],
  stamp: string,
): Promise<Pick<ProjectRepair, 'temporal' | 'lostRuns'>> {
  const open = await openExecutions(repair.file);
  let server: EmbeddedServer;
  try {
    server = await EmbeddedServer.acquire({ projectDir });
  } catch (error) {
    if (!isDatabasesFault(error)) {
      return { temporal: { ...repair, trial: (error as Error).message }, lostRuns: [] };
    }
    return setUnusableAside(projectDir, repair, running, stamp, error as Error);
  }
  try {
    const { goOn, lost } = await mendRuns(server, open, running, needsRebuild(repair));
    return {
      temporal: { ...repair, trial: 'served', goOn },
      lostRuns: lost.map(({ workflowId, reason }) => ({ runId: workflowId, reason })),
    };
  } finally {
    await server.release({ wait: true });
  }
}

/** Other failures would be there with any database. */
function isDatabasesFault(error: unknown): boolean {
  return SelvageError.is(error, 'DatabaseDamaged') || SelvageError.is(error, 'ServerStartFailed');
}

/** Tables of which a lost row is a gap in what the server knows of a run; it can be made anew from the run's history. */
const STATE_TABLES = /^(?:executions|buffered_events|signals_requested_sets|.*_info_maps)$/;

function needsRebuild({ tables = [] }: DatabaseRepair): boolean {
  return tables.some(({ table, lost, isExact }) => STATE_TABLES.test(table) && (lost > 0 || !isExact));
}

async function setUnusableAside(
  projectDir: string,
  repair: DatabaseRepair,
  running: readonly RunningRun[],
  stamp: string,
  cause: Error,
): Promise<Pick<ProjectRepair, 'temporal' | 'lostRuns'>> {
  const unusable = await withServerAtRest(projectDir, stamp, async () =>
    setAside(repair.file, `unusable-${stamp}`),
  );
  try {
    const server = await EmbeddedServer.acquire({ projectDir });
    await server.release({ wait: true });
  } catch (error) {
    // It was not the database, then.
    await withServerAtRest(projectDir, stamp, async () => {
      if (existsSync(repair.file)) setAside(repair.file, `empty-${stamp}`);
      renameSync(unusable, repair.file);
    });
    return { temporal: { ...repair, trial: (error as Error).message }, lostRuns: [] };
  }
  return {
    temporal: {
      ...repair,
      state: 'hopeless',
      found: [...repair.found, `no server starts on it: ${cause.message}`],
      keptAs: repair.keptAs ?? unusable,
    },
    lostRuns: lostWithDatabase(running),
  };
}
