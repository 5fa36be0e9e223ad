import { randomBytes } from 'node:crypto';
import { chownSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

import { knot, tapestry, type AnySource } from '../../../src';
import { openBackends } from '../../../src/backends';
import { runStream } from '../../../src/serve';
import { forcedReplay } from '../../support/forced-replay';
import { queryPostgres } from '../../support/query-postgres';
import { freshPostgresDatabase } from '../../support/fresh-places';
import { Latch } from '../../support/latch';
import {
  closeAll,
  connectSelvage,
  onClose,
  openSelvage,
  temporaryFolder,
  unique,
} from '../../support/open-selvage';
import { quietRuntime } from '../../support/quiet-runtime';
import { recordsAndValues } from '../../support/recorded-once';
import { describeWithPrivate, startPrivatePostgres } from '../../support/services';
import { describeWithSmallDisk, SmallDisk } from '../../support/small-disk';
import { sharedServerAddress } from '../../support/temporal-server';
import { until } from '../../support/until';
import { bundledInterpreter } from '../../support/workflow-bundle';

/*
 * A run whose storage is full, or takes no writes, at the moment when a knot has something to store: the knot waits and says why, and goes on when
 * it is well again. How S3 and Valkey say so is in test/backends (s3-troubles, valkey-troubles): the code is what a run goes by.
 */

afterEach(closeAll);

/** What a test does to the storage of a run. */
interface Trouble {
  /** The data store alone, or all backends. */
  readonly data?: string;
  readonly url?: string;
  begin(): Promise<void> | void;
  end(): Promise<void> | void;
}

/** @param says the reason why the knot waits */
async function expectToWait(
  { data, url, begin, end }: Trouble,
  code: 'DiskFull' | 'BackendUnavailable',
  says: RegExp,
): Promise<void> {
  const begun = new Latch();
  const permission = new Latch();
  const first = knot('first', ({ x }: { x: number }) => x + 1);
  const large = knot('large', async ({ x }: { x: number }) => {
    begun.open();
    await permission.passed;
    // It does not fit into anything that is there.
    return { x: x + 1, text: randomBytes(1_000_000).toString('base64') };
  });
  const last = knot('last', ({ of }: { of: { x: number; text: string } }) => of.x + 1);
  const chain = tapestry('chain', (t) => {
    const a = first({ x: t.parameter('x', z.number()) }, { id: 'a' });
    return { end: last({ of: large({ x: a }, { id: 'b' }) }, { id: 'c' }) };
  });

  const backends = await openBackends({
    projectDir: await temporaryFolder(),
    environment: {},
    ...(data !== undefined && { data }),
    ...(url !== undefined && { url }),
  });
  onClose(() => backends.close());
  const selvage = await openSelvage({ tapestries: [chain], backends });
  const run = await selvage.start(chain, { x: 1 });
  await begun.passed;
  await begin();
  permission.open();
  const reason = await until('b waits, and says why', async () => {
    const { waiting } = await run.status();
    return waiting?.knots.find(({ knotId, reason }) => knotId === 'b' && says.test(reason.message))?.reason;
  });
  expect(reason.code).toBe(code);
  expect(reason.message).not.toContain('\n');
  expect((await run.status()).run.status).toBe('running');
  await end();
  expect(await run.values()).toEqual({ end: 4 });
  const records = await recordsAndValues(backends, run.runId);
  expect([...records.values()].map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok', 'ok']);
}

describeWithSmallDisk()('on a small disk', () => {
  const smallDisk = (): SmallDisk => {
    const disk = new SmallDisk(16);
    onClose(async () => disk.remove());
    return disk;
  };

  test('a database of SQLite that has no room', async () => {
    const disk = smallDisk();
    const url = `sqlite:${path.join(disk.folder, 'selvage.db')}`;
    await expectToWait(
      { url, begin: () => disk.fill(), end: () => disk.free() },
      'DiskFull',
      /no space left to write to the database \S+selvage\.db\. Free some space/,
    );
  });

  test('a database that has no room for an element of a stream: its status says so, and it goes on when there is', async () => {
    quietRuntime();
    const disk = smallDisk();
    const backends = await openBackends({
      projectDir: await temporaryFolder(),
      environment: {},
      url: `sqlite:${path.join(disk.folder, 'selvage.db')}`,
    });
    onClose(() => backends.close());
    const selvage = await connectSelvage({ backends });
    const isFull = new Latch();
    const first = new Latch();
    const texts = ['first', randomBytes(1_000_000).toString('base64'), 'last'];
    const source: AnySource<string> = async function* (after: number | undefined) {
      for (let place = after ?? 0; place < texts.length; place++) {
        if (place === 1) await isFull.passed;
        yield { value: texts[place]!, offset: place + 1 };
      }
    };
    const measure = knot('measure', ({ text }: { text: string }) => text.length);
    const measuring = tapestry('measuring', (t) => ({
      size: measure({ text: t.parameter('text', z.string()) }, { id: 'size' }),
    }));
    const id = unique('full');
    const sizes: number[] = [];
    const ended = runStream(source, measuring, {
      id,
      parameter: 'text',
      order: 'all',
      address: sharedServerAddress(),
      backends,
      logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
      workerOptions: {
        workflowBundle: bundledInterpreter(),
        maxHeartbeatThrottleInterval: 1_000,
        ...forcedReplay,
      },
      onResult: ({ values }) => {
        sizes.push(values.size);
        first.open();
      },
    });
    onClose(async () => void (await ended.catch(() => undefined)));
    await first.passed;
    disk.fill();
    isFull.open();
    const trouble = await until(
      'its status says why',
      async () => (await selvage.streams.status(id)).problem,
    );
    expect(trouble).toMatch(
      /^cannot .*no space left to write to the database \S+selvage\.db\. Free some space/,
    );
    disk.free();
    expect(await ended).toEqual({ reason: 'ended', ok: texts.length, failed: 0 });
    expect(sizes).toEqual(texts.map(({ length }) => length));
    expect((await selvage.runs.list({ trigger: `stream:${id}` })).items).toHaveLength(texts.length);
  });

  test('a folder that has no room', async () => {
    const disk = smallDisk();
    await expectToWait(
      { data: `file:${disk.folder}`, begin: () => disk.fill(), end: () => disk.free() },
      'DiskFull',
      /no space left to write in \S+\. Free some space/,
    );
  });

  test('a folder that can only be read', async () => {
    const disk = smallDisk();
    await expectToWait(
      { data: `file:${disk.folder}`, begin: () => disk.forbidWriting(), end: () => disk.allowWriting() },
      'BackendUnavailable',
      /read-only file system.*may write to it/,
    );
  });
});

describeWithPrivate('postgres')('in PostgreSQL', () => {
  test('a database that can only be read from some moment on', async () => {
    const server = await startPrivatePostgres();
    onClose(() => server.stop());
    const { url } = await freshPostgresDatabase(server.address);
    const name = new URL(url).pathname.slice(1);
    const setReadOnly = async (how: 'on' | 'off'): Promise<void> => {
      await queryPostgres(
        server.address,
        `alter database ${name} set default_transaction_read_only = ${how}`,
      );
      // As a failover has it: who was connected has to connect again.
      await queryPostgres(
        server.address,
        `select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '${name}'`,
      );
    };
    await expectToWait(
      { url, begin: () => setReadOnly('on'), end: () => setReadOnly('off') },
      'BackendUnavailable',
      /is read-only .*may be a standby: name the primary/,
    );
  });

  describeWithSmallDisk()('on a small disk', () => {
    test('a database that has no room', async () => {
      const server = await startPrivatePostgres();
      onClose(() => server.stop());
      const disk = new SmallDisk(32);
      onClose(async () => disk.remove());
      const [{ data_directory: cluster }] = (await queryPostgres(server.address, 'show data_directory')) as [
        { data_directory: string },
      ];
      const tablespace = path.join(disk.folder, 'tablespace');
      mkdirSync(tablespace);
      const { uid, gid } = statSync(cluster);
      chownSync(tablespace, uid, gid);
      await queryPostgres(server.address, `create tablespace small location '${tablespace}'`);
      await queryPostgres(server.address, 'create database small tablespace small');
      expect(readdirSync(tablespace)).toHaveLength(1);
      const url = new URL(server.address);
      url.pathname = '/small';
      await expectToWait(
        { url: url.href, begin: () => disk.fill(), end: () => disk.free() },
        'DiskFull',
        /no space left to write to the database small at \S+ .*Free some space on the server/,
      );
    });
  });
});
