import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { InMemoryLeaseTable, InMemoryRunHistory } from '../../../src/adapters/memory';
import { locateBackends, openBackends, type OpenBackendsOptions } from '../../../src/backends';
import type { Backends } from '../../../src/ports';
import { sampleHash, sampleLineage, sampleValue } from '../../../src/testing/sample-records';
import { folderForEach } from '../../conformance/temporary-folder';
import { refusal } from '../../support/refusal';

const folder = folderForEach();
let opened: Backends[];

beforeEach(() => {
  opened = [];
});

afterEach(async () => {
  for (const backends of opened) await backends.close();
});

async function open(options: OpenBackendsOptions = {}): Promise<Backends> {
  const backends = await openBackends({ projectDir: folder(), environment: {}, ...options });
  opened.push(backends);
  return backends;
}

function technologies({ tapestryStore, runHistory, dataStore }: Backends): string[] {
  return [tapestryStore, runHistory, dataStore].map((backend) => backend.technology);
}

test('the default is one SQLite file in the project', async () => {
  const backends = await open();
  expect(technologies(backends)).toEqual(['sqlite', 'sqlite', 'sqlite']);
  expect(existsSync(path.join(folder(), '.selvage', 'selvage.db'))).toBe(true);
});

test('options win over the environment, and the environment over the default', async () => {
  const environment = {
    SELVAGE_STORE: 'memory:',
    SELVAGE_HISTORY: 'sqlite:here/history.db',
    SELVAGE_DATA: 'file:values',
  };
  expect(technologies(await open({ environment }))).toEqual(['memory', 'sqlite', 'local-disk']);
  expect(existsSync(path.join(folder(), 'here', 'history.db'))).toBe(true);
  expect(technologies(await open({ environment, url: 'memory:' }))).toEqual(['memory', 'memory', 'memory']);
  expect(technologies(await open({ environment, data: 'sqlite:data.db', url: 'memory:' }))).toEqual([
    'memory',
    'memory',
    'sqlite',
  ]);
  expect(technologies(await open({ environment: { SELVAGE_DATA: '' } }))).toEqual([
    'sqlite',
    'sqlite',
    'sqlite',
  ]);
});

test('absolute paths and URLs with two slashes name files', async () => {
  await open({ url: `sqlite:${path.join(folder(), 'plain.db')}` });
  await open({ url: `sqlite://${path.join(folder(), 'with%20space.db')}` });
  expect(existsSync(path.join(folder(), 'plain.db'))).toBe(true);
  expect(existsSync(path.join(folder(), 'with space.db'))).toBe(true);
});

test('a backend that is given ready-made is used', async () => {
  const history = new InMemoryRunHistory();
  expect((await open({ history })).runHistory).toBe(history);
});

test('leases are where the run history is, unless they are said to be elsewhere', async () => {
  expect((await open()).leaseTable.technology).toBe('sqlite');
  expect((await open({ history: 'memory:' })).leaseTable.technology).toBe('memory');
  expect((await open({ leases: 'memory:' })).leaseTable.technology).toBe('memory');
  expect((await open({ history: new InMemoryRunHistory() })).leaseTable.technology).toBe('memory');
  const leases = new InMemoryLeaseTable();
  expect((await open({ leases })).leaseTable).toBe(leases);
  await open({ history: 'memory:', leases: 'sqlite:here/leases.db' });
  expect(existsSync(path.join(folder(), 'here', 'leases.db'))).toBe(true);
});

test('the start ledger is where the run history is, unless it is said to be elsewhere', async () => {
  expect((await open()).startLedger.technology).toBe('sqlite');
  expect((await open({ history: 'memory:' })).startLedger.technology).toBe('memory');
  expect((await open({ history: `duckdb:${path.join(folder(), 'h.duckdb')}` })).startLedger.technology).toBe(
    'sqlite',
  );
  const environment = { SELVAGE_LEDGER: 'sqlite:here/ledger.db' };
  const [claim] = await (
    await open({ environment })
  ).startLedger.claim([{ trigger: 'kafka:k', key: '1', runId: 'r', requestHash: null, event: {} }]);
  expect(await (await open({ environment })).startLedger.find('kafka:k', '1')).toEqual(claim!.entry);
  expect(locateBackends({ projectDir: folder(), environment }).ledger).toMatchObject({
    technology: 'sqlite',
    path: path.join(folder(), 'here', 'ledger.db'),
    variable: 'SELVAGE_LEDGER',
  });
  await expect(open({ ledger: 'file:somewhere' })).rejects.toMatchObject({ code: 'InvalidUrl' });
});

test.each([
  ['store', 'file:somewhere'],
  ['history', 'file:somewhere'],
  ['data', 'mongodb:secret'],
  ['leases', 'file:somewhere'],
  ['data', 'sqlite:'],
  ['data', 'memory:x'],
  ['store', 'nonsense'],
  ['history', 'sqlite://%zz'],
])('%s=%s is refused, without telling what may be secret', async (port, url) => {
  const opening = open({ [port]: url });
  await expect(opening).rejects.toMatchObject(refusal('InvalidUrl', 'sqlite:PATH'));
  await expect(opening).rejects.not.toMatchObject({ message: expect.stringContaining('secret') });
});

test.each([
  'sqlite:a.db?ttl=7d',
  'sqlite:///nowhere/a.db?ttl=7d',
  'file:values?ttl=7d',
  's3://bucket?ttl=7d',
  'postgres://user:secret@127.0.0.1:1/d?ttl=7d',
])('%s: values go by themselves in Valkey alone, and what does it elsewhere is named', async (data) => {
  const opening = open({ url: 'memory:', data });
  await expect(opening).rejects.toMatchObject(
    refusal('InvalidUrl', /a parameter "ttl" that it cannot have\. .*`selvage gc --ttl TIME`/),
  );
  await expect(opening).rejects.not.toMatchObject({ message: expect.stringContaining('secret') });
});

test.each([
  ['data', 'sqlite:a.db?durable=true', /"durable" that it cannot have\. It takes none\. .*%3F/],
  ['history', 'duckdb:a.duckdb?threads=2', /"threads" .* It takes none/],
  ['data', 's3://bucket?regoin=us-east-1', /"regoin" .* There are endpoint, region/],
  ['data', 'valkey://127.0.0.1:1?tttl=1h', /"tttl" .* There are prefix, ttl/],
  ['data', 'postgres://127.0.0.1:1/d?shema=mine', /"shema" .* There are schema, migrate, access, max, /],
])('%s=%s: a parameter that nobody reads is named', async (port, url, message) => {
  await expect(open({ url: 'memory:', [port]: url })).rejects.toMatchObject({
    code: 'InvalidUrl',
    message: expect.stringMatching(message),
  });
});

test('a ? in the name of a file is written as URLs have it', async () => {
  await open({ url: `sqlite://${path.join(folder(), 'why%3F.db')}` });
  expect(existsSync(path.join(folder(), 'why?.db'))).toBe(true);
});

test('a folder that cannot be made is named, and nothing stays open', async () => {
  await writeFile(path.join(folder(), '.selvage'), 'a file where a folder should be');
  await expect(open()).rejects.toMatchObject(refusal('FolderUnusable', path.join(folder(), '.selvage')));
  await writeFile(path.join(folder(), 'values'), '');
  await expect(open({ url: 'memory:', data: 'file:values' })).rejects.toMatchObject({
    code: 'FolderUnusable',
  });
});

describe.each<[string, OpenBackendsOptions]>([
  ['memory', { url: 'memory:' }],
  ['one SQLite file', {}],
  ['two SQLite files', { data: 'sqlite:data.db' }],
  ['SQLite and files', { data: 'file:values' }],
])('commit to %s', (_, options) => {
  test('stores values and records, and answers who won', async () => {
    const backends = await open(options);
    const value = sampleValue('a value');
    const record = sampleLineage({ output_hash: value.hash });
    expect(await backends.commit([])).toEqual([]);
    expect(await backends.commit([{ record, values: [value] }])).toEqual([{ inserted: true, record }]);
    expect(await backends.commit([{ record: { ...record, worker: 'late' }, values: [value] }])).toEqual([
      { inserted: false, record },
    ]);
    expect(Buffer.from((await backends.dataStore.get(value.hash)) ?? []).toString()).toBe('a value');
  });

  test('takes values of many megabytes', async () => {
    const backends = await open(options);
    const value = sampleValue('x'.repeat(3_000_000));
    await backends.commit([{ record: sampleLineage({ output_hash: value.hash }), values: [value] }]);
    expect((await backends.dataStore.get(value.hash))?.byteLength).toBe(3_000_000);
  });
});

test('in one SQLite file a record that cannot be stored leaves no value either', async () => {
  const backends = await open();
  const value = sampleValue('a value');
  const wrong = sampleLineage({ worker: true as unknown as string });
  await expect(backends.commit([{ record: wrong, values: [value] }])).rejects.toThrow(/cannot store/);
  expect(await backends.dataStore.has(value.hash)).toBe(false);
});

test('closing twice does nothing', async () => {
  const backends = await openBackends({ projectDir: folder(), environment: {} });
  await backends.close();
  await backends.close();
});

test('what was stored is there after closing and opening again', async () => {
  const first = await openBackends({ projectDir: folder(), environment: {} });
  await first.commit([{ record: sampleLineage(), values: [sampleValue('kept')] }]);
  await first.close();
  const backends = await open();
  expect(await backends.dataStore.has(sampleHash('kept'))).toBe(true);
  expect(await backends.runHistory.getRecords('temporal-run-1')).toEqual([sampleLineage()]);
});

test('a project folder that does not exist is made', async () => {
  await mkdir(path.join(folder(), 'some'));
  await open({ projectDir: path.join(folder(), 'some', 'where') });
  expect(existsSync(path.join(folder(), 'some', 'where', '.selvage', 'selvage.db'))).toBe(true);
});
