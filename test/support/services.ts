import { execFile, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

/**
 * Real servers for tests: PostgreSQL, Valkey, an S3 server and a Kafka broker, one of each for a whole run of jest, started when the first test asks
 * for it. `SELVAGE_TEST_POSTGRES`, `SELVAGE_TEST_VALKEY`, `SELVAGE_TEST_S3` and `SELVAGE_TEST_KAFKA` name running ones instead. scripts/services starts them.
 *
 * Tests that use them stand in `test/backends` or `test/integration`, whose setup prepares and ends them.
 */
export type ServiceName = 'postgres' | 'valkey' | 's3' | 'temporal' | 'kafka' | 'otelcol';

/** What an S3 client is made of. */
export interface S3Service {
  /** Such as `http://127.0.0.1:20898`. Buckets are addressed by path. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** One that exists, for all tests: a new one takes 200 ms at its first write. */
  readonly bucket: string;
  /** A key that may only read, where the server has one. */
  readonly reader?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Where a SeaweedFS server is told how it is to treat its buckets, such as `http://127.0.0.1:20899`. */
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

/** The folder of the services of this run of jest, and who ends them with itself. */
const FOLDER_VARIABLE = 'SELVAGE_TEST_SERVICES_FOLDER';
const OWNER_VARIABLE = 'SELVAGE_TEST_SERVICES_OWNER';

const program = path.resolve(__dirname, '../../scripts/services/main.js');
/** That it cannot be had here, as opposed to that it failed. */
const UNAVAILABLE = 4;
/** Longer than any of the limits that the program sets itself. */
const LIMIT_MS = 5_400_000;

const execute = promisify(execFile);

/** The URL of a PostgreSQL server, with a user who may create databases. Use {@link freshPostgresDatabase} for a test's own place. */
export async function postgresService(): Promise<string> {
  return await address('postgres');
}

/** The URL of a Valkey server, `valkey://host:port`. A test takes a prefix of its own there: `?prefix=NAME`. */
export async function valkeyService(): Promise<string> {
  return await address('valkey');
}

/** An S3 server with a bucket. Use {@link freshS3Prefix} for a test's own objects. */
export async function s3Service(): Promise<S3Service> {
  return readS3Address(await address('s3'));
}

/** The address of a Temporal server as production has it, with its database in the PostgreSQL server of this run. */
export async function temporalService(): Promise<string> {
  return await address('temporal');
}

/** The address of a Kafka broker, `host:port`. Use topics and groups of names that no other test has: the broker creates no topic by itself. */
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
 * `describe`, for tests that need these services; skipped with the reason on stderr where one of them cannot be had on this machine.
 * With `CI=true` nothing is skipped, and the tests fail by what the service says when it is asked for.
 */
export function describeWith(...names: readonly ServiceName[]): typeof describe | typeof describe.skip {
  return describeUnless(names.filter((name) => !process.env[VARIABLES[name]]));
}

/** As {@link describeWith}, for tests that start services of their own, whatever the environment names. */
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

/** Asked once in a run: an installation that fails can take minutes. */
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
 * SIGKILL to a server of this run, and a start as it was, at once. Only for who has the run to itself. Resolves when the server is
 * gone; `back` resolves when it answers again.
 */
export async function crashSharedService(name: ServiceName): Promise<{ readonly back: Promise<void> }> {
  await services('stop', name, '--kill');
  return { back: start(name).then(() => {}) };
}

/** A server of its own for a test that hurts it. Ended with the run if the test does not do so. */
export interface PrivateService {
  /** As the function of the shared service gives it, for S3 to be read by {@link readS3Address}. The same after a restart. */
  readonly address: string;
  /** SIGKILL to the server, and waits for its end. Its data stay. */
  kill(): Promise<void>;
  /** Starts it again on the same port with the same data and settings, and waits until it answers; first stops it, politely, if it runs. */
  restart(): Promise<void>;
  /** Stops it and removes its data. */
  stop(): Promise<void>;
}

export interface PrivateServiceOptions {
  /** Settings of the server, such as `{ max_connections: '5' }`. Not for S3. Default: none. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Waits for the disk at each write. Not for S3. Default: no. */
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

/** A collector that posts what it gets, as OTLP JSON, to the URL in the setting `forward`. */
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

/** Makes the folder for the services of this run, before the first test; starts none. For the global setup of a project of jest. */
export function prepareServices(): void {
  if (process.env[FOLDER_VARIABLE]) return;
  const folder = mkdtempSync(path.join(tmpdir(), 'selvage-test-services-'));
  // PostgreSQL runs as another user where root runs the tests.
  chmodSync(folder, 0o711);
  process.env[FOLDER_VARIABLE] = folder;
  process.env[OWNER_VARIABLE] = String(process.pid);
}

/**
 * Starts these services and names them in the environment, for the processes that tests start: each would ask for them anew, and start again
 * what has just been killed. Call {@link endServices} when they are no longer needed.
 */
export async function nameServices(...names: readonly ServiceName[]): Promise<void> {
  for (const name of names) {
    if (process.env[VARIABLES[name]]) continue;
    process.env[VARIABLES[name]] = await address(name);
    named.push(name);
  }
}

const named: ServiceName[] = [];

/** Ends what {@link prepareServices} of this process made place for. For the global teardown. */
export async function endServices(): Promise<void> {
  if (process.env[OWNER_VARIABLE] !== String(process.pid)) return;
  await services('stop', '--remove');
  addresses.clear();
  for (const name of named.splice(0)) delete process.env[VARIABLES[name]];
  delete process.env[FOLDER_VARIABLE];
  delete process.env[OWNER_VARIABLE];
}

/** Bytes of memory that a server of this run has with all of its processes; what they share counts once. Linux, as root or its user. */
export function memoryOf(name: ServiceName): number {
  const state = readFileSync(path.join(runFolder(), name, 'service.json'), 'utf8');
  const { pid } = (JSON.parse(state) as { process: { pid: number } }).process;
  return [pid, ...childrenOf(pid)].reduce((sum, one) => sum + shareOf(one), 0);
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

/** Memory of a process: a page shared by several counts in part for each. */
function shareOf(pid: number): number {
  try {
    const [, kibibytes] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
    return Number(kibibytes) * 1024;
  } catch {
    // It has just ended.
    return 0;
  }
}
