import { execFile, execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, readdir, readFile as readFileOf, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { knot, table, tapestry, waitForSignal, type Table } from '../../../src';
import { openBackends, RESTORED } from '../../../src/backends';
import { runCommandLine } from '../../../src/cli/command-line';
import type { Selvage } from '../../../src/client';
import type { StartClaim } from '../../../src/ports';
import { blobsOfTables } from '../../../src/runtime/table-rows';
import { readFile } from '../../support/doc-snippets';
import { contentsOf } from '../../support/copied-project';
import { dropS3Objects, freshPostgresDatabase, freshS3Prefix } from '../../support/fresh-places';
import { missing } from '../../support/missing-tool';
import {
  closeAll,
  connectSelvage,
  onClose,
  openSelvage,
  temporaryFolder,
  unique,
} from '../../support/open-selvage';
import { queryPostgres } from '../../support/query-postgres';
import { describeWithPrivate, startPrivatePostgres } from '../../support/services';
import { sharedServerAddress } from '../../support/temporal-server';
import { until } from '../../support/until';
import { sampleRun } from '../../../src/testing/sample-records';
import { recordedOutput } from '../../unit/cli/output-streams';

const run = promisify(execFile);

const double = knot('double', ({ x }: { x: number }) => x * 2);
const quick = tapestry('restore-quick', { parameters: { x: z.number() } }, (_t, { x }) => ({
  y: double({ x }, { id: 'double' }),
}));
const Orders = table({ id: 'int64', name: 'utf8' });
const load = knot('load-orders', { output: Orders }, () => [{ id: 1n, name: 'ada' }]);
const shop = tapestry('restore-shop', () => ({ orders: load({}, { id: 'orders' }) }));
const waits = tapestry('restore-waits', { parameters: { x: z.number() } }, (_t, { x }) => ({
  y: double({ x }, { id: 'double' }),
  go: waitForSignal('go', z.number(), { id: 'go' }),
}));

const environment = { ...process.env };
afterEach(async () => {
  await closeAll();
  for (const name of Object.keys(process.env)) if (environment[name] === undefined) delete process.env[name];
  Object.assign(process.env, environment);
});

const COMMANDS = [...readFile('docs/operations/back-up-and-restore.md').matchAll(/^\$ (.*)$/gm)].map(
  ([, line]) => line!,
);

/** Runs a line of the page: those of Selvage in this process, the others as they stand. */
async function asOnThePage(beginning: string, folder: string): Promise<{ code: number; text: string }> {
  const line = COMMANDS.find((one) => one.startsWith(beginning))!;
  if (!line.startsWith('npx selvage ')) {
    const { stdout, stderr } = await run('sh', ['-c', line], {
      cwd: folder,
      env: process.env,
      timeout: 120_000,
    });
    return { code: 0, text: stdout + stderr };
  }
  const words = line
    .slice('npx selvage '.length)
    .split(' ')
    .map((word) => (word === '"$STANDBY"' ? process.env['STANDBY']! : word))
    .map((word) => (word.startsWith('/backups/') ? path.join(folder, path.basename(word)) : word));
  const { output, stdout, stderr } = recordedOutput();
  const code = await runCommandLine([...words, '--project-dir', folder], output);
  return { code, text: stdout.text + stderr.text };
}

async function hasMade({ backends }: Selvage, runId: string): Promise<boolean> {
  return (await backends.runHistory.findLineage({ runId, knotId: 'double' })).items.length > 0;
}

/** For processes that go on over a restore, which is refused while anything of Selvage is connected. */
const unnoticed = (url: string): string => `${url}&application_name=tested`;

async function onPostgres(): Promise<{ folder: string; selvage: Selvage; url: string }> {
  const folder = await temporaryFolder();
  const { url: database, drop } = await freshPostgresDatabase();
  onClose(drop);
  const url = `${database}?schema=team_a`;
  // As the page about rights has it.
  for (const name of ['SELVAGE_STORE', 'SELVAGE_HISTORY', 'SELVAGE_DATA'])
    process.env[name] = `${url}&migrate=false`;
  process.env['TEMPORAL_ADDRESS'] = sharedServerAddress();
  const backends = await openBackends({ url: unnoticed(url), environment: {} });
  onClose(() => backends.close());
  const selvage = await openSelvage({ tapestries: [quick, waits, shop], backends });
  return { folder, selvage, url };
}

test('the page about backups: what a restore has lost is mended or told', async () => {
  const { folder, selvage, url } = await onPostgres();
  const { runHistory, dataStore } = selvage.backends;
  const kept = await selvage.start(quick, { x: 10 }, { runId: unique('kept') });
  await kept.result();
  const tables = await selvage.start(shop, {}, { runId: unique('tables') });
  await tables.result();
  const open = await selvage.start(waits, { x: 2 }, { runId: unique('open') });
  const gone = await selvage.start(waits, { x: 3 }, { runId: unique('gone') });
  const finished = await selvage.start(waits, { x: 5 }, { runId: unique('finished') });
  for (const each of [open, gone, finished]) await until('it waits', () => hasMade(selvage, each.runId));
  expect(await asOnThePage('npx selvage backup', folder)).toMatchObject({ code: 0 });
  const later = await selvage.start(quick, { x: 4 }, { runId: unique('later') });
  await later.result();
  await gone.terminate('after the dump');
  await finished.signal('go', 6);
  await finished.result();
  const { output_hash: lost } = (await runHistory.findLineage({ runId: kept.runId, knotId: 'double' }))
    .items[0]!;
  const worker = await openBackends({ url, environment: {} });
  const refused = await asOnThePage('npx selvage restore', folder);
  await worker.close();
  expect(refused).toMatchObject({ code: 2, text: expect.stringContaining('ProjectInUse') as string });
  expect(await runHistory.getRun(later.runId)).toBeDefined();
  const dump = path.join(folder, 'monday', 'postgres.dump');
  const bytes = await readFileOf(dump);
  await writeFile(dump, bytes.subarray(1));
  const broken = await asOnThePage('npx selvage restore', folder);
  expect(broken.text).toContain('BackupDamaged');
  await writeFile(dump, bytes);
  const restored = await asOnThePage('npx selvage restore', folder);
  expect(restored).toMatchObject({ code: 0, text: expect.stringContaining('kept as') as string });
  expect((await readdir(path.join(folder, 'monday'))).sort()).toEqual([
    'backup.json',
    'postgres.dump',
    expect.stringMatching(/^postgres\.dump\.before-restore-/),
  ]);
  expect(await runHistory.stepsBack!()).toContainEqual(expect.objectContaining({ noticed_by: RESTORED }));
  await dataStore.delete(lost!);
  const { orders } = await selvage.getRun<{ orders: Table }>(tables.runId).values();
  expect(await orders.rows().toArray()).toEqual([{ id: 1n, name: 'ada' }]);
  const [file] = (await blobsOfTables(dataStore, [orders.hash])).values();
  await dataStore.delete(file!);

  expect((await runHistory.getRun(gone.runId))?.status).toBe('running');
  expect(await runHistory.getRun(later.runId)).toBeUndefined();
  const { code, text } = await asOnThePage('npx selvage doctor --after-restore', folder);
  expect(text).toContain(
    `Mended: 1 run on record as running, which the server has terminated or has no more: ${gone.runId}`,
  );
  expect(text).toContain(
    `Mended: 1 run on record as running, which had ended on the server: ${finished.runId}.`,
  );
  expect(text).toContain(later.runId);
  expect(text).toContain(`${lost} of run ${kept.runId}`);
  expect(text).toContain(`${orders.hash} of run ${tables.runId}`);
  expect(code).toBe(1);
  expect((await runHistory.getRun(gone.runId))?.status).toBe('terminated');
  expect((await runHistory.getRun(open.runId))?.status).toBe('running');

  await open.signal('go', 5);
  expect(await open.result()).toMatchObject({ status: 'succeeded', values: { y: 4, go: 5 } });
  const again = await (await selvage.resume(kept.runId)).result();
  expect(again).toMatchObject({ status: 'succeeded', values: { y: 20 } });
  expect(await dataStore.has(lost!)).toBe(true);
});

/** With values in an S3 bucket too, where they are longer than 64 KiB. */
const long = knot('long', ({ x }: { x: number }) => 'x'.repeat(100_000 + x));
const large = tapestry('restore-large', () => ({ text: long({ x: 1 }, { id: 'long' }) }));

const noAws = missing('The command aws', () => execFileSync('aws', ['--version']));
(noAws === undefined ? test : test.skip)(
  'values in a bucket that is lost are there again from its copy, as the page says',
  async () => {
    const folder = await temporaryFolder();
    const { url, drop } = await freshPostgresDatabase();
    onClose(drop);
    const { service, prefix, drop: dropObjects } = await freshS3Prefix();
    onClose(dropObjects);
    const bucket = `s3://${service.bucket}/${prefix}`;
    const unseen = `${url}?application_name=tested`;
    const query = new URLSearchParams({ endpoint: service.endpoint, region: service.region });
    for (const name of ['SELVAGE_STORE', 'SELVAGE_HISTORY', 'SELVAGE_DATA']) process.env[name] = unseen;
    Object.assign(process.env, {
      SELVAGE_DATA_LARGE: `${bucket}?${query.toString()}`,
      TEMPORAL_ADDRESS: sharedServerAddress(),
      AWS_ENDPOINT_URL: service.endpoint,
      AWS_REGION: service.region,
      AWS_ACCESS_KEY_ID: service.accessKeyId,
      AWS_SECRET_ACCESS_KEY: service.secretAccessKey,
      BUCKET: bucket,
      BUCKET_COPY: path.join(folder, 'copy'),
    });
    const backends = await openBackends({ projectDir: folder });
    onClose(() => backends.close());
    const selvage = await openSelvage({ tapestries: [large], backends });
    const run = await selvage.start(large, {}, { runId: unique('large') });
    const { text } = await run.values();
    expect(await asOnThePage('npx selvage backup', folder)).toMatchObject({ code: 0 });
    await asOnThePage('aws s3 sync', folder);
    await dropS3Objects(service, prefix);
    expect(await asOnThePage('npx selvage restore', folder)).toMatchObject({ code: 0 });

    const lost = await asOnThePage('npx selvage doctor --after-restore', folder);
    expect(lost).toMatchObject({ code: 1, text: expect.stringContaining(`of run ${run.runId}`) as string });
    [process.env['BUCKET'], process.env['BUCKET_COPY']] = [process.env['BUCKET_COPY']!, bucket];
    await asOnThePage('aws s3 sync', folder);
    const mended = await asOnThePage('npx selvage doctor --after-restore', folder);
    expect(mended).toMatchObject({ code: 0, text: expect.stringContaining('All fits.') as string });
    expect((await selvage.getRun<{ text: string }>(run.runId).values()).text).toBe(text);
  },
);

describeWithPrivate('postgres')('with an archive of the log', () => {
  test('the history goes back to a moment between two backups, as the page says', async () => {
    const folder = await temporaryFolder();
    const archive = path.join(folder, 'archive');
    await mkdir(archive);
    // The server may run as another user than the tests.
    await chmod(folder, 0o711);
    await chmod(archive, 0o777);
    const server = await startPrivatePostgres({
      settings: { archive_mode: 'on', archive_command: `cp %p ${archive}/%f` },
    });
    onClose(() => server.stop());
    const url = server.address;
    const ask = async (statement: string): Promise<string> =>
      String(Object.values((await queryPostgres(url, statement))[0]!)[0]);
    for (const name of ['SELVAGE_STORE', 'SELVAGE_HISTORY', 'SELVAGE_DATA']) process.env[name] = url;
    process.env['TEMPORAL_ADDRESS'] = sharedServerAddress();
    const backends = await openBackends({ url, environment: {} });
    onClose(() => backends.close());
    const selvage = await openSelvage({ tapestries: [quick], backends });
    const run = async (x: number): Promise<string> => {
      const started = await selvage.start(quick, { x }, { runId: unique('moment') });
      await started.result();
      return started.runId;
    };
    const before = await run(1);
    await asOnThePage('pg_basebackup', folder);
    const between = await run(2);
    process.env['MOMENT'] = await ask('select clock_timestamp()::text');
    const later = await run(3);
    const file = await ask('select pg_walfile_name(pg_switch_wal())');
    await until('the log is in the archive', async () => (await readdir(archive)).includes(file));
    const data = await ask('show data_directory');
    await server.kill();

    Object.assign(process.env, { PGDATA: data, ARCHIVE: archive });
    await asOnThePage('mv ', folder);
    await asOnThePage('printf ', folder);
    await giveTo(data, await stat(`${data}.before`));
    await server.restart();
    await until('it is there', async () => (await ask('select pg_is_in_recovery()')) === 'false');
    const { runHistory } = backends;
    expect((await runHistory.getRun(before))?.status).toBe('succeeded');
    expect((await runHistory.getRun(between))?.status).toBe('succeeded');
    expect(await runHistory.getRun(later)).toBeUndefined();
    const { code, text } = await asOnThePage('npx selvage doctor --after-restore', folder);
    expect(text).toContain(`that only the server knew, on record again: ${later}.`);
    expect({ code, text }).toMatchObject({ code: 0 });
    expect(await selvage.getRun(between).values()).toEqual({ y: 4 });
    expect(await (await selvage.start(quick, { x: 4 })).values()).toEqual({ y: 8 });
  });
});

/** As the one who has copied the files of a server has to, if that is another user than the server's. */
async function giveTo(
  folder: string,
  { uid, gid }: { readonly uid: number; readonly gid: number },
): Promise<void> {
  const names = await readdir(folder, { recursive: true });
  for (const name of ['', ...names]) await chown(path.join(folder, name), uid, gid);
  await chmod(folder, 0o700);
}

const freshUrl = {
  SQLite: async (folder: string) => `sqlite:${path.join(folder, '.selvage', 'selvage.db')}`,
  PostgreSQL: async () => {
    const { url, drop } = await freshPostgresDatabase();
    onClose(drop);
    return url;
  },
};

test.each(Object.keys(freshUrl) as (keyof typeof freshUrl)[])(
  'events whose run is nowhere, and emitters whose place the history has not, are told: %s',
  async (technology) => {
    const folder = await temporaryFolder();
    const url = await freshUrl[technology](folder);
    for (const name of ['SELVAGE_STORE', 'SELVAGE_HISTORY', 'SELVAGE_DATA']) process.env[name] = url;
    process.env['TEMPORAL_ADDRESS'] = sharedServerAddress();
    const backends = await openBackends({ url, environment: {} });
    onClose(() => backends.close());
    const { runHistory, startLedger } = backends;
    const { client } = await connectSelvage({ backends });

    const [nowhere, onRecord, onServer, unmarked] = ['nowhere', 'record', 'server', 'unmarked'].map(unique);
    const ids = [nowhere!, onRecord!, onServer!, unmarked!];
    const claims = ids.map((runId) => ({ trigger: 'webhook:orders', key: `of ${runId}`, runId }));
    await startLedger.claim(claims.map((claim) => ({ ...claim, requestHash: null, event: {} })));
    await startLedger.markStarted(claims.slice(0, 3));
    const without: Omit<StartClaim, 'requestHash'>[] = [
      { trigger: 'signature:orders', key: 'f00/20000', runId: 'delivery', event: {} },
      { trigger: 'stream:lines', key: '7', runId: unique('none'), event: { refused: 'InvalidParameters' } },
    ];
    await startLedger.claim(without.map((claim) => ({ ...claim, requestHash: null })));
    await startLedger.markStarted(without);
    await client.workflow.start('anything', { workflowId: onServer!, taskQueue: unique('nobody') });
    const record = { run_id: onRecord!, temporal_run_id: unique('t'), status: 'succeeded' as const };
    await runHistory.startRun(sampleRun({ ...record, started_at: Date.now(), finished_at: Date.now() }));

    const emitters = runHistory.emitterTableBeside!();
    const last = (await runHistory.lastChange!())!;
    await emitters.begin('new', { position: null, positionAt: null });
    await emitters.begin('up to date', { position: last, positionAt: 9 });
    const ahead = last.replace(/^\d+/, (number) => `${number}000`);
    await emitters.begin('ahead', { position: ahead, positionAt: 9 });

    const { code, text } = await asOnThePage('npx selvage doctor --after-restore', folder);
    expect(text).toContain(`whose run is nowhere: webhook:orders of ${nowhere!} (${nowhere!}). They`);
    expect(text).toContain('Emitters that were ahead of the history: ahead. They');
    expect(code).toBe(1);
    // An hour older than the newest change: what was pruned since would be told for ever.
    const later = Date.now() + 2 * 60 * 60_000;
    await runHistory.startRun(sampleRun({ run_id: unique('later'), status: 'succeeded', started_at: later }));
    await emitters.remove('ahead');
    const after = await asOnThePage('npx selvage doctor --after-restore', folder);
    expect(after).toMatchObject({ code: 0, text: expect.stringContaining('All fits.') as string });
    expect(after.text).not.toMatch(/nowhere|ahead/);
    await client.workflow.getHandle(onServer!).terminate();
  },
);

test('the page about moving: a project on SQLite goes to PostgreSQL, and its runs are resumed there', async () => {
  const folder = await temporaryFolder();
  const { url, drop } = await freshPostgresDatabase();
  onClose(drop);
  process.env['STANDBY'] = url;
  const old = await openBackends({
    url: `sqlite:${path.join(folder, '.selvage', 'selvage.db')}`,
    environment: {},
  });
  onClose(() => old.close());
  const before = await openSelvage({ tapestries: [quick, waits], backends: old });
  await (await before.start(quick, { x: 1 }, { runId: unique('over') })).result();
  const open = await before.start(waits, { x: 2 }, { runId: unique('open') });
  await until('it waits', () => hasMade(before, open.runId));
  const first = await asOnThePage('npx selvage history copy', folder);
  expect(first).toMatchObject({
    code: 1,
    text: expect.stringContaining('Left out: 1 run not over') as string,
  });
  await open.cancel();
  await open.result();
  const second = await asOnThePage('npx selvage history copy', folder);
  expect(second).toMatchObject({
    code: 0,
    text: expect.stringContaining('All that was copied is equal.') as string,
  });

  const moved = await openBackends({ url, environment: {} });
  onClose(() => moved.close());
  expect(await contentsOf(moved)).toEqual(await contentsOf(old));
  const after = await openSelvage({ tapestries: [quick, waits], backends: moved });
  const resumed = await after.resume(open.runId);
  await resumed.signal('go', 7);
  expect(await resumed.result()).toMatchObject({ status: 'succeeded', values: { y: 4, go: 7 } });
  const { items } = await moved.runHistory.findLineage({ runId: resumed.runId, knotId: 'double' });
  expect(items[0]!.cached_from_run).toBe(open.runId);
});
