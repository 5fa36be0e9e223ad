import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Valkey from 'iovalkey';
import { freshPostgresDatabase, freshS3Prefix } from '../../test/support/fresh-places';
import { startPrivatePostgres, valkeyService } from '../../test/support/services';
import type { Place } from './services';

export const freshPostgres = freshPostgresDatabase;

/** On a server of its own that waits for the disk at each commit, as in production. */
export async function freshDurablePostgres(): Promise<Place> {
  const server = await startPrivatePostgres({ durable: true });
  const database = await freshPostgresDatabase(server.address);
  return { url: database.url, drop: () => server.stop() };
}

export async function freshValkey(): Promise<Place> {
  const server = await valkeyService();
  const prefix = `bench-${randomUUID()}`;
  const address = new URL(server);
  address.searchParams.set('prefix', prefix);
  return { url: address.href, drop: () => dropKeys(server, `{${prefix}}:*`) };
}

async function dropKeys(server: string, pattern: string): Promise<void> {
  const client = new Valkey(server.replace(/^valkey/, 'redis'), { connectTimeout: 10_000 });
  try {
    for await (const keys of client.scanStream({ match: pattern, count: 1_000 }))
      if ((keys as string[]).length > 0) await client.unlink(...(keys as string[]));
  } finally {
    client.disconnect();
  }
}

export async function freshS3(): Promise<Place> {
  const { service, prefix, drop } = await freshS3Prefix();
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = service;
  const query = new URLSearchParams({ endpoint, region, pathStyle: 'true', accessKeyId, secretAccessKey });
  return { url: `s3://${bucket}/${prefix}?${query.toString()}`, drop };
}

/** @param urlOf the URL of a place in the folder */
export async function freshFolder(urlOf: (folder: string) => string): Promise<Place> {
  const folder = await mkdtemp(path.join(tmpdir(), 'selvage-bench-'));
  return { url: urlOf(folder), drop: () => rm(folder, { recursive: true, force: true }) };
}

export function freshSqlite(): Promise<Place> {
  return freshFolder((folder) => `sqlite:${path.join(folder, 'selvage.db')}`);
}
