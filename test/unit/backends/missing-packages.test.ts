import { table } from '../../../src';
import { inspectBackends, openBackends } from '../../../src/backends';
import { rejectionOf } from '../../support/rejection-of';

const SECRET = 'S3cret-of-nobody';

function isNotInstalled(name: string): void {
  jest.doMock(name, () => {
    throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
  });
}

test.each([
  ['pg', 'history', `postgres://user:${SECRET}@127.0.0.1:1/d`, 'npm install pg'],
  ['iovalkey', 'data', `valkey://:${SECRET}@127.0.0.1:1`, 'npm install iovalkey'],
  [
    '@aws-sdk/client-s3',
    'data',
    `s3://key:${SECRET}@bucket`,
    'npm install @aws-sdk/client-s3 @aws-sdk/lib-storage',
  ],
  [
    '@aws-sdk/lib-storage',
    'data',
    `s3://key:${SECRET}@bucket`,
    'npm install @aws-sdk/client-s3 @aws-sdk/lib-storage',
  ],
  ['libsql', 'data', 'sqlite:nowhere/a.db', 'npm install libsql'],
  ['@duckdb/node-api', 'history', 'duckdb:nowhere/a.duckdb', 'npm install @duckdb/node-api'],
])('without the package %s, its %s is refused, and the remedy named', async (name, port, url, remedy) => {
  isNotInstalled(name);
  try {
    const memory = { url: 'memory:', leases: 'memory:', environment: {} };
    const error = await rejectionOf(openBackends({ ...memory, [port]: url }));
    expect(error.code).toBe('MissingPackage');
    expect(error.message).toContain(remedy);
    expect(error.message).not.toContain('\n');
    const environment = {
      SELVAGE_STORE: 'memory:',
      SELVAGE_HISTORY: 'memory:',
      SELVAGE_DATA: 'memory:',
      [`SELVAGE_${port.toUpperCase()}`]: url,
    };
    const reports = await inspectBackends({ environment });
    expect(JSON.stringify([reports, error.message, error.details, error.stack])).not.toContain(SECRET);
  } finally {
    jest.dontMock(name);
    jest.resetModules();
  }
});

test('without the AWS SDK, a table of an object in S3 is refused, and the remedy named', async () => {
  isNotInstalled('@aws-sdk/client-s3');
  try {
    const read = table({ id: 'int64' }).fromParquet(`s3://key:${SECRET}@bucket/a.parquet`);
    const error = await rejectionOf(read);
    expect(error.code).toBe('MissingPackage');
    expect(error.message).toMatch(/s3:\/\/bucket\/a\.parquet.*npm install @aws-sdk\/client-s3/);
    expect(JSON.stringify([error.message, error.details, error.stack])).not.toContain(SECRET);
  } finally {
    jest.dontMock('@aws-sdk/client-s3');
    jest.resetModules();
  }
});
