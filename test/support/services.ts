import { execFile, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

/**
 * Real servers for tests: PostgreSQL, Valkey, an S3 server and a Kafka broker, one of each for a run of jest. The
 * programs in scripts/services start them on demand, unless `SELVAGE_TEST_POSTGRES`, `SELVAGE_TEST_VALKEY`,
 * `SELVAGE_TEST_S3` or `SELVAGE_TEST_KAFKA` names a running one.
 *
 * Tests that use them are in `test/backends` or `test/integration`, whose setup prepares and ends them.
 */
export type ServiceName = 'postgres' | 'valkey' | 's3' | 'temporal' | 'kafka' | 'otelcol';

/** The settings for an S3 client. */
export interface S3Service {
  /** Such as `http://127.0.0.1:20898`. Buckets are addressed by path. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** An existing one for all tests, because a new one takes 200 ms at its first write. */
  readonly bucket: string;
  /** A key that may only read, if the server has one. */
  readonly reader?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** The address for settings of buckets of a SeaweedFS server, such as `http://127.0.0.1:20899`. */
  readonly filer?: string;
}

const VARIABLES = {
  postgres: 'SELVAGE_TEST_POSTGRES',
  valkey: 'SELVAGE_TEST_VALKEY',
  s3: 'SELVAGE_TEST_S3',
  temporal: 'SELVAGE_TEST_TEMPORAL_ADDRESS',
  kafka: 'SELVAGE_TEST_KAFKA',
  otelcol: 'SELVAGE_TEST_OTELCOL',
} as const satisfies Record<ServiceName, string>;

/** The folder of the services of this run of jest, and the process whose end is theirs. */
const FOLDER_VARIABLE = 'SELVAGE_TEST_SERVICES_FOLDER';
const OWNER_VARIABLE = 'SELVAGE_TEST_SERVICES_OWNER';

const program = path.resolve(__dirname, '../../scripts/services/main.js');
/** Exit status: the service is not available here. Others mean failures. */
const UNAVAILABLE = 4;
/** Longer than all limits of the program itself. */
const LIMIT_MS = 5_400_000;

const execute = promisify(execFile);

/** The URL of a PostgreSQL server, by a user who may create databases, as {@link freshPostgresDatabase} does. */
export async function postgresService(): Promise<string> {
  return await address('postgres');
}

/** The URL of a Valkey server, `valkey://host:port`. A test needs its own prefix: `?prefix=NAME`. */
export async function valkeyService(): Promise<string> {
  return await address('valkey');
}

/** An S3 server with a bucket. Use {@link freshS3Prefix} for a test's own objects. */
export async function s3Service(): Promise<S3Service> {
  return readS3Address(await address('s3'));
}

/** The address of a Temporal server like production's, with its database in this run's PostgreSQL server. */
export async function temporalService(): Promise<string> {
  return await address('temporal');
}

/** The address of a Kafka broker, `host:port`. Topics and groups need unique names. It creates no topics by itself. */
export async function kafkaService(): Promise<string> {
  return await address('kafka');
}

const addresses = new Map<ServiceName, Promise<string>>();

function address(name: ServiceName): Promise<string> {
  const given = process.env[VARIABLES[name]];
  if (given) return Promise.resolve(given);
  let starting = addresses.get(name);
  if (starting === undefined) {
    starting = start(name);
    addresses.set(name, starting);
  }
  return starting;
}

/** `http://KEY:SECRET@host:port/bucket?region=…[&reader=KEY:SECRET][&filer=PORT]`, in its parts. */
export function readS3Address(text: string): S3Service {
  const url = new URL(text);
  const filer = url.searchParams.get('filer');
  const [readerKey, readerSecret] = url.searchParams.get('reader')?.split(':') ?? [];
  return {
    endpoint: url.origin,
    region: url.searchParams.get('region') ?? 'us-east-1',
    accessKeyId: decodeURIComponent(url.username),
    secretAccessKey: decodeURIComponent(url.password),
    bucket: url.pathname.slice(1),
    ...(readerKey && readerSecret && { reader: { accessKeyId: readerKey, secretAccessKey: readerSecret } }),
    ...(filer && { filer: `${url.protocol}//${url.hostname}:${filer}` }),
  };
}

/**
 * `describe` for tests that need these services; skipped with the reason on stderr if one is not available on this
 * machine. With `CI=true` nothing is skipped, and the tests fail with the reason.
 */
export function describeWith(...names: readonly ServiceName[]): typeof describe | typeof describe.skip {
  return describeUnless(names.filter((name) => !process.env[VARIABLES[name]]));
}

/** Like {@link describeWith}, for tests that start their own services and ignore addresses in the environment. */
export function describeWithPrivate(
  ...names: readonly ServiceName[]
): typeof describe | typeof describe.skip {
  return describeUnless(names);
}

function describeUnless(names: readonly ServiceName[]): typeof describe | typeof describe.skip {
  if (process.env.CI === 'true') return describe;
  const reasons = names.flatMap((name) => whyUnavailable(name) ?? []);
  if (reasons.length === 0) return describe;
  const file = path.relative(process.cwd(), expect.getState().testPath ?? '');
  process.stderr.write(`SKIPPED: tests of ${file}: ${reasons.join('\n')}\n`);
  return describe.skip;
}

/** Determined once in a run, because a failing installation can take minutes. */
function whyUnavailable(name: ServiceName): string | undefined {
  const answer = path.join(runFolder(), `${name}.unavailable`);
  if (!existsSync(answer)) {
    const { status, stderr } = spawnSync(process.execPath, [program, 'install', name], {
      encoding: 'utf8',
      timeout: LIMIT_MS,
    });
    writeFileSync(answer, status === UNAVAILABLE ? stderr.trim() : '');
  }
  return readFileSync(answer, 'utf8') || undefined;
}

/**
 * Kills a server of this run (SIGKILL) and restarts it at once. Needs a run without other tests. Resolves when the
 * server is gone; `back` resolves when it answers again.
 */
export async function crashSharedService(name: ServiceName): Promise<{ readonly back: Promise<void> }> {
  await services('stop', name, '--kill');
  return { back: start(name).then(() => {}) };
}

/** A private server for a test that harms it. Ends with the run if the test does not end it. */
export interface PrivateService {
  /** In the form of the shared service; {@link readS3Address} reads that of S3. The same after a restart. */
  readonly address: string;
  /** Kills the server (SIGKILL) and waits for its end. Its data stay. */
  kill(): Promise<void>;
  /** Stops it if it runs, starts it with the same port, data and settings, and waits until it answers. */
  restart(): Promise<void>;
  /** Stops it and removes its data. */
  stop(): Promise<void>;
}

export interface PrivateServiceOptions {
  /** Settings of the server, such as `{ max_connections: '5' }`. Not for S3. Default: none. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Flushes each write to the disk. Not for S3. Default: no. */
  readonly durable?: boolean;
}

export async function startPrivatePostgres(options?: PrivateServiceOptions): Promise<PrivateService> {
  return await startPrivate('postgres', options);
}

export async function startPrivateValkey(options?: PrivateServiceOptions): Promise<PrivateService> {
  return await startPrivate('valkey', options);
}

export async function startPrivateS3(): Promise<PrivateService> {
  return await startPrivate('s3');
}

export async function startPrivateKafka(options?: PrivateServiceOptions): Promise<PrivateService> {
  return await startPrivate('kafka', options);
}

/** A collector that posts its data as OTLP JSON to the URL in the setting `forward`. */
export async function startPrivateCollector(options?: PrivateServiceOptions): Promise<PrivateService> {
  return await startPrivate('otelcol', options);
}

async function startPrivate(name: ServiceName, options: PrivateServiceOptions = {}): Promise<PrivateService> {
  const place = ['--instance', `private-${randomUUID().slice(0, 8)}`];
  const settings = Object.entries(options.settings ?? {}).flatMap(([key, value]) => [
    '--set',
    `${key}=${value}`,
  ]);
  const address = await start(name, [...place, ...settings, ...(options.durable ? ['--durable'] : [])]);
  const stop = async (...how: readonly string[]): Promise<void> => {
    await services('stop', name, ...place, ...how);
  };
  return {
    address,
    kill: () => stop('--kill'),
    restart: async () => {
      await stop();
      await start(name, place);
    },
    stop: () => stop('--remove'),
  };
}

async function start(name: ServiceName, options: readonly string[] = []): Promise<string> {
  const owner = process.env[OWNER_VARIABLE];
  const output = await services('start', name, ...(owner ? ['--while', owner] : []), ...options);
  const line = output.split('\n').find((text) => text.startsWith(`${VARIABLES[name]}=`));
  if (line === undefined) throw new Error(`The address of ${name} is missing in: ${output}`);
  return line.slice(VARIABLES[name].length + 1);
}

async function services(...args: readonly string[]): Promise<string> {
  try {
    const command = [program, ...args, '--data', runFolder()];
    return (await execute(process.execPath, command, { timeout: LIMIT_MS })).stdout;
  } catch (error) {
    throw new Error((error as { stderr?: string }).stderr?.trim() || (error as Error).message);
  }
}

function runFolder(): string {
  const folder = process.env[FOLDER_VARIABLE];
  if (folder) return folder;
  throw new Error(
    'Tests that need a server stand in test/backends or test/integration, not where none is prepared.',
  );
}

/** Makes the folder for the services of this run, for the global setup of jest; starts no service. */
export function prepareServices(): void {
  if (process.env[FOLDER_VARIABLE]) return;
  const folder = mkdtempSync(path.join(tmpdir(), 'selvage-test-services-'));
  // If root runs the tests, PostgreSQL runs as another user.
  chmodSync(folder, 0o711);
  process.env[FOLDER_VARIABLE] = folder;
  process.env[OWNER_VARIABLE] = String(process.pid);
}

/**
 * Starts these services and names them in the environment. Otherwise each process of a test would ask for them, and
 * restart a killed one. {@link endServices} ends them.
 */
export async function nameServices(...names: readonly ServiceName[]): Promise<void> {
  for (const name of names) {
    if (process.env[VARIABLES[name]]) continue;
    process.env[VARIABLES[name]] = await address(name);
    named.push(name);
  }
}

const named: ServiceName[] = [];

/** Ends the services of {@link prepareServices} of this process. For the global teardown. */
export async function endServices(): Promise<void> {
  if (process.env[OWNER_VARIABLE] !== String(process.pid)) return;
  await services('stop', '--remove');
  addresses.clear();
  for (const name of named.splice(0)) delete process.env[VARIABLES[name]];
  delete process.env[FOLDER_VARIABLE];
  delete process.env[OWNER_VARIABLE];
}

/** Bytes of memory of all processes of a server; shared memory counts once. Linux only, as root or its user. */
export function memoryOf(name: ServiceName): number {
  const state = readFileSync(path.join(runFolder(), name, 'service.json'), 'utf8');
  const { pid } = (JSON.parse(state) as { process: { pid: number } }).process;
  return [pid, ...childrenOf(pid)].reduce((sum, one) => sum + shareOf(one), 0);
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

/** Memory of a process, with its part of shared pages. */
function shareOf(pid: number): number {
  try {
    const [, kibibytes] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
    return Number(kibibytes) * 1024;
  } catch {
    // It has just ended.
    return 0;
  }
}
