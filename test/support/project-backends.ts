import { createHash } from 'node:crypto';

import { openBackends } from '../../src/backends';
import type { Backends } from '../../src/ports';
import { createPostgresDatabase, dropPostgresDatabase, dropS3Objects } from './fresh-places';
import { postgresService, s3Service } from './services';

/** Backends of the tests on Temporal. `production`: PostgreSQL and S3. Default: SQLite in the folder. */
const BACKENDS_VARIABLE = 'SELVAGE_TEST_BACKENDS';

export interface ProjectBackendsOptions {
  /**
   * Keeps values apart from records, as files or in production in S3, so that they are written in two steps. Default:
   * both in one database and one transaction; in production, large values in S3.
   */
  readonly split?: boolean;
}

/**
 * The backends of a test's folder. All processes with the same folder share them. {@link removeProjectBackends} must be
 * called with the folder's removal.
 */
export async function openProjectBackends(
  folder: string,
  { split = false }: ProjectBackendsOptions = {},
): Promise<Backends> {
  const { database, values } = isProduction() ? await inProduction(folder) : inFolder;
  const large = isProduction() && !split ? { largeData: values } : {};
  return await openBackends({
    store: database,
    history: database,
    data: split ? values : database,
    ...large,
    projectDir: folder,
    environment: {},
  });
}

/** Removes the parts outside of the folder. */
export async function removeProjectBackends(folder: string): Promise<void> {
  if (!isProduction()) return;
  const name = nameOf(folder);
  await dropPostgresDatabase(await postgresService(), name);
  await dropS3Objects(await s3Service(), name);
}

/** Whether the tests on Temporal use the backends of production (`npm run test:production`). */
export function isProduction(): boolean {
  return process.env[BACKENDS_VARIABLE] === 'production';
}

const inFolder = { database: 'sqlite:selvage.db', values: 'file:values' };

async function inProduction(folder: string): Promise<typeof inFolder> {
  const name = nameOf(folder);
  const [database, service] = await Promise.all([
    createPostgresDatabase(await postgresService(), name),
    s3Service(),
  ]);
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = service;
  const values = new URL(`s3://${bucket}/${name}`);
  [values.username, values.password] = [accessKeyId, secretAccessKey];
  values.search = new URLSearchParams({ endpoint, region, pathStyle: 'true' }).toString();
  return { database, values: values.href };
}

function nameOf(folder: string): string {
  return `project_${createHash('sha256').update(folder).digest('hex').slice(0, 32)}`;
}
