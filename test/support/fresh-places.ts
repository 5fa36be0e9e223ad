import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { isLost } from '../../src/adapters/postgres/errors';
import { queryPostgres } from './query-postgres';
import { postgresService, s3Service, type S3Service } from './services';

/** A server that a test has killed comes back much earlier. */
const AWAY_LIMIT_MS = 120_000;

/** One test's own place in a shared server. */
interface FreshPlace {
  /** Removes the test's data. To be called in `afterEach` or `afterAll`. */
  drop(): Promise<void>;
}

/** A new place for each test of a block. */
export function placeForEach<P extends FreshPlace>(fresh: () => Promise<P>, use: (place: P) => void): void {
  let place: P;
  beforeEach(async () => use((place = await fresh())));
  afterEach(() => place.drop());
}

export interface FreshDatabase extends FreshPlace {
  readonly url: string;
}

export interface FreshObjects extends FreshPlace {
  readonly service: S3Service;
  /** For all objects of the service's bucket; without a slash at its end. */
  readonly prefix: string;
}

/** An empty database, on the shared server unless the address of another one is given. */
export async function freshPostgresDatabase(server?: string): Promise<FreshDatabase> {
  const admin = server ?? (await postgresService());
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const url = await createPostgresDatabase(admin, name);
  return { url, drop: () => dropPostgresDatabase(admin, name) };
}

/** Returns the URL of the database with this name, which it creates if missing. */
export async function createPostgresDatabase(server: string, name: string): Promise<string> {
  try {
    await inPostgres(server, `create database ${name}`);
  } catch (error) {
    // The name is taken, or another process has just created the database.
    if (!['42P04', '23505'].includes((error as { code?: string }).code ?? '')) throw error;
  }
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

/** Works even if the database is in use, or missing. */
export async function dropPostgresDatabase(server: string, name: string): Promise<void> {
  await inPostgres(server, `drop database if exists ${name} with (force)`);
}

/** Waits for a server that is away, as in tests that kill it. */
async function inPostgres(url: string, statement: string): Promise<void> {
  const giveUpAt = Date.now() + AWAY_LIMIT_MS;
  for (;;) {
    try {
      await queryPostgres(url, statement);
      return;
    } catch (error) {
      if (!isLost(error) || Date.now() >= giveUpAt) throw error;
      await delay(100);
    }
  }
}

export async function freshS3Prefix(server?: S3Service): Promise<FreshObjects> {
  const service = server ?? (await s3Service());
  const prefix = `test-${randomUUID()}`;
  return { service, prefix, drop: () => dropS3Objects(service, prefix) };
}

export async function dropS3Objects(service: S3Service, prefix: string): Promise<void> {
  const { DeleteObjectsCommand, S3Client, paginateListObjectsV2 } = await import('@aws-sdk/client-s3');
  const { bucket: Bucket, accessKeyId, secretAccessKey, endpoint, region } = service;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  try {
    for await (const page of paginateListObjectsV2({ client }, { Bucket, Prefix: `${prefix}/` })) {
      const Objects = (page.Contents ?? []).map(({ Key }) => ({ Key }));
      if (Objects.length > 0) await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    }
  } finally {
    client.destroy();
  }
}
