import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

import { knot, queue, tapestry, type Knot } from '../../../src';
import { openBackends } from '../../../src/backends';
import { runCommandLine } from '../../../src/cli/command-line';
import type { RunHandle, Selvage } from '../../../src/client';
import { isAway } from '../../../src/errors';
import type { Backends } from '../../../src/ports';
import { FaultProxy } from '../../support/fault-proxy';
import { freshPostgresDatabase, freshS3Prefix } from '../../support/fresh-places';
import { closeAll, connectSelvage, onClose, startWorker, unique } from '../../support/open-selvage';
import { refusal } from '../../support/refusal';
import { rejectionOf } from '../../support/rejection-of';
import { describeWith } from '../../support/services';
import { sharedServerAddress } from '../../support/temporal-server';
import { runs } from '../../support/thorough';
import { until } from '../../support/until';
import { recordedOutput } from '../../unit/cli/output-streams';

/*
 * One after another, S3, Temporal and PostgreSQL are away under runs with two workers, a client that waits for the runs, and an operator who looks.
 */

const RUNS = runs(12, 60);
const AT_ONCE = runs(6, 20);
/** Each stays away until it has been told, and so long at least. */
const AWAY_MS = { s3: runs(0, 60_000), temporal: runs(0, 45_000), postgres: runs(0, 20_000) };
const LIMIT_MS = 600_000;
const LARGE = 100_000;
const STEPS = 6;

const next = knot('next', async ({ x }: { x: number }, { signal }) => {
  await delay(200, undefined, { signal });
  return x + 1;
});
const large = knot('large', ({ x }: { x: number }) => String(x % 10).repeat(LARGE));
const length = knot('length', ({ text, x }: { text: string; x: number }) => x + text.length);

const steps = tapestry('outages', (t) => {
  const start = t.parameter('x', z.number());
  let x: Knot<number> = start;
  for (let step = 0; step < STEPS; step += 1) x = next({ x }, { id: `step${step}`, dispatcher: queue() });
  const text = large({ x: start }, { id: 'large', dispatcher: queue() });
  return { text, sum: length({ text, x }, { id: 'sum', dispatcher: queue() }) };
});
type Run = RunHandle<{ text: string; sum: number }>;

describeWith('postgres', 's3')('while a part is away', () => {
  const environment = { ...process.env };
  const lines: Record<keyof typeof AWAY_MS, FaultProxy> = {} as never;
  let places: { url: string; largeData: string };
  let address: string;
  let said = '';

  beforeAll(async () => {
    const database = await freshPostgresDatabase();
    const { service, prefix, drop } = await freshS3Prefix();
    onClose(database.drop);
    onClose(drop);
    const [host, port] = sharedServerAddress().split(':');
    lines.postgres = await FaultProxy.to(database.url);
    lines.s3 = await FaultProxy.to(service.endpoint);
    lines.temporal = await FaultProxy.to({ host: host!, port: Number(port) });
    for (const line of Object.values(lines)) onClose(() => line.close());
    const values = new URL(`s3://${service.bucket}/${prefix}`);
    [values.username, values.password] = [service.accessKeyId, service.secretAccessKey];
    const endpoint = new URL(lines.s3.addressOf(service.endpoint)).origin;
    values.search = new URLSearchParams({ endpoint, region: service.region, pathStyle: 'true' }).toString();
    places = { url: lines.postgres.addressOf(database.url), largeData: values.href };
    address = `127.0.0.1:${lines.temporal.port}`;
    const { url, largeData } = places;
    const named = {
      SELVAGE_STORE: url,
      SELVAGE_HISTORY: url,
      SELVAGE_DATA: url,
      SELVAGE_DATA_LARGE: largeData,
    };
    Object.assign(process.env, named);
  });

  afterAll(async () => {
    process.env = environment;
    await closeAll();
  }, LIMIT_MS);

  async function open(): Promise<Backends> {
    const backends = await openBackends({ ...places, environment: {} });
    onClose(() => backends.close());
    return backends;
  }

  async function worker(client: Selvage): Promise<void> {
    await startWorker(client, { tapestries: [steps], backends: await open() });
  }

  async function command(...words: string[]): Promise<{ code: number; text: string }> {
    const { output, stdout, stderr } = recordedOutput();
    const code = await runCommandLine(
      [...words, ...(words[0] === 'lineage' ? [] : ['--address', address])],
      output,
    );
    return { code, text: stdout.text + stderr.text };
  }

  /** Who starts runs is told at once, and does it again under the same id. */
  async function start(client: Selvage, x: number): Promise<Run> {
    return await until(
      `run ${x} is started`,
      async () => {
        try {
          return await client.start(steps, { x }, { runId: `${client.taskQueue}-${x}`, ifExists: 'attach' });
        } catch (error) {
          if (isAway(error)) return undefined;
          throw error;
        }
      },
      LIMIT_MS,
    );
  }

  test(
    `${RUNS} runs come to their results, and what can be told is told`,
    async () => {
      const client = await connectSelvage({
        address,
        backends: await open(),
        log: (message) => (said += `${message}\n`),
      });
      await worker(client);
      const live = new Map<number, Run>();
      const ended: number[] = [];
      let nextX = 0;
      let mayEnd = false;
      const work = async (): Promise<void> => {
        for (let x = nextX++; x < RUNS || !mayEnd; x = nextX++) {
          const run = await start(client, x);
          live.set(x, run);
          const { status, values, outputs } = await run.result();
          const text = String(x % 10).repeat(LARGE);
          expect({ status, values }).toEqual({
            status: 'succeeded',
            values: { text, sum: x + STEPS + LARGE },
          });
          expect(outputs['large']).toBe(text);
          live.delete(x);
          ended.push(x);
        }
      };
      const all = Promise.all(Array.from({ length: AT_ONCE }, work));
      all.catch(() => undefined);
      const goesOn = async (): Promise<void> => {
        const before = ended.length;
        await until('runs end', () => ended.length > before, LIMIT_MS);
      };
      const away = async (who: keyof typeof AWAY_MS, whileAway: () => Promise<void>): Promise<void> => {
        const begun = performance.now();
        await lines[who].refuse();
        do await whileAway();
        while (performance.now() - begun < AWAY_MS[who]);
        await lines[who].mend();
        await goesOn();
      };
      await goesOn();
      const x = ended[0]!;
      const over = `${client.taskQueue}-${x}`;
      const sum = x + STEPS + LARGE;

      let hasWorker = false;
      await away('s3', async () => {
        const reasons = async (): Promise<string[]> =>
          (await Promise.all([...live.values()].map((run) => run.status()))).flatMap(({ waiting }) =>
            (waiting?.knots ?? []).map(({ reason }) => reason.message),
          );
        await until('a run tells that S3 is away', async () =>
          (await reasons()).some((one) => one.includes('S3 bucket')),
        );
        const given = await client.start(steps, { x: -1 }, { taskQueue: unique('nobody') });
        const [list, shown, lineage, gc, doctor, cancel] = await Promise.all([
          command('runs', 'list', '--limit', '1000'),
          command('runs', 'show', over),
          command('lineage', '--run', over),
          command('gc'),
          command('doctor'),
          command('runs', 'cancel', given.runId),
        ]);
        expect(list).toMatchObject({ code: 0, text: expect.stringContaining(over) });
        expect(shown).toMatchObject({
          code: 0,
          text: expect.stringMatching(
            RegExp(`^ {2}sum +${sum}$.*Values of the run cannot be shown\\. .*S3 bucket`, 'ms'),
          ),
        });
        expect(lineage).toMatchObject({ code: 0 });
        expect(gc).toMatchObject({
          code: 1,
          text: expect.stringMatching(/was not looked at: BackendUnavailable: .* S3 bucket/),
        });
        expect(doctor).toMatchObject({
          code: 1,
          text: expect.stringMatching(/error +Backends +data store of large values: s3 .*nothing listens/),
        });
        expect(cancel).toMatchObject({ code: 0, text: expect.stringContaining('is asked to end') });
        const result = await client.getRun(over).result({ outageLimit: 0 });
        expect(result).toMatchObject({ status: 'succeeded', outputs: { sum, step0: x + 1 } });
        expect(() => result.values['text']).toThrow(
          /value of knot "large" of run .* cannot be read now: .*S3 bucket/,
        );
        if (!hasWorker) await worker(client);
        hasWorker = true;
      });
      await away('temporal', async () => {
        const told = until('the client tells that Temporal is away', () =>
          /ServerUnreachable.*Waiting for it/.test(said),
        );
        const impatient = rejectionOf(client.getRun(over).result({ outageLimit: 1 }));
        const [list, shown, error] = await Promise.all([
          command('runs', 'list', '--limit', '1000'),
          command('runs', 'show', over),
          impatient,
          told,
        ]);
        for (const { code, text } of [list, shown]) {
          expect(code).toBe(0);
          expect(text).toMatch(/warning ServerUnreachable: .* This is what the run history knows/);
          expect(text).toContain(over);
        }
        expect(error).toMatchObject(refusal('ServerUnreachable', 'That has been so for 0.001 s'));
      });

      await away('postgres', async () => {
        const { workflow } = client.client;
        const reasons = async (): Promise<string[]> => {
          const described = await Promise.all(
            [...live.values()].map(({ runId }) => workflow.getHandle(runId).describe()),
          );
          return described.flatMap(({ raw }) =>
            (raw.pendingActivities ?? []).flatMap(({ lastFailure }) => lastFailure?.message ?? []),
          );
        };
        await until('a run tells that PostgreSQL is away', async () =>
          (await reasons()).some((one) => one.includes('cannot be reached')),
        );
        expect(await command('runs', 'list')).toMatchObject({
          code: 2,
          text: expect.stringMatching(/BackendUnavailable: .*cannot be reached/),
        });
      });
      mayEnd = true;
      await all;
      expect(ended.length).toBeGreaterThanOrEqual(RUNS);
    },
    LIMIT_MS,
  );
});
