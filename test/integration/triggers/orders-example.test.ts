import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';

import { Command, runCommand } from '../../support/command-line';
import { describeWithPrivate, startPrivateKafka, type PrivateService } from '../../support/services';
import { until } from '../../support/until';
import { makeProject, removeProjects } from '../server/projects';

const folder = path.resolve(__dirname, '../../../examples/orders');
const README = readFileSync(path.join(folder, 'README.md'), 'utf8');
const TOKEN = 'a-token-of-the-back-office-0123456789';
const LIMIT_MS = 180_000;

const SMALL = { id: '16', customer: 'Grace', lines: [{ article: 'shuttle', pieces: 2, cents: 1250 }] };
const LARGE = { id: '17', customer: 'Ada', lines: [{ article: 'loom', pieces: 1, cents: 90_000 }] };
const WITHOUT_LINES = { id: '18', customer: 'Ada', lines: [] };

describeWithPrivate('kafka')('examples/orders', () => {
  let broker: PrivateService;
  let project: string;
  let serving: Command;
  let url: string;
  let environment: NodeJS.ProcessEnv;

  beforeAll(async () => {
    broker = await startPrivateKafka();
    project = makeProject();
    environment = { SELVAGE_KAFKA_BROKERS: broker.address, APPROVALS_TOKEN: TOKEN };
    await send();
    serving = new Command(project, ['serve', path.join(folder, 'pipeline.ts'), '--port', '0'], environment);
    [, url] = (await serving.hasWritten(/ at (http:\S+?),/)) as unknown as [string, string];
  }, LIMIT_MS);

  afterAll(async () => {
    serving?.signal('SIGTERM');
    await serving?.finished;
    await removeProjects();
    await broker?.stop();
  }, LIMIT_MS);

  /** As the README says it. */
  async function send(...orders: readonly object[]): Promise<void> {
    const texts = orders.map((order) => JSON.stringify(order));
    await promisify(execFile)(
      process.execPath,
      ['--require', require.resolve('tsx/cjs'), path.join(folder, 'send.ts'), ...texts],
      {
        env: { ...process.env, ...environment },
      },
    );
  }

  const reportOf = (id: string): string => path.join(project, 'out', `${id}.md`);

  async function runs(): Promise<readonly { runId: string; status: string }[]> {
    const { stdout } = await runCommand(project, ['runs', 'list', '--trigger', 'kafka:orders', '--json']);
    return (JSON.parse(stdout) as { items: { runId: string; status: string }[] }).items;
  }

  async function approve(body: object, token?: string): Promise<Response> {
    return await fetch(`${url}/approvals`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
    });
  }

  test('a small order is accepted by the rule; one that is no order is a dead letter, and those behind it go on', async () => {
    await send(WITHOUT_LINES, SMALL);
    await until('the report is there', () => existsSync(reportOf(SMALL.id)), LIMIT_MS);
    expect(readFileSync(reportOf(SMALL.id), 'utf8')).toContain(
      '25.00 EUR, accepted by the rule for small orders.',
    );
    const admin = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const letters = await until(
      'there is a dead letter',
      async () => {
        const topics = await admin.listTopics();
        if (!topics.includes('orders.dead-letters')) return undefined;
        const ends = await admin.fetchTopicOffsets('orders.dead-letters');
        return ends.reduce((sum, { high }) => sum + Number(high), 0);
      },
      LIMIT_MS,
    );
    await admin.disconnect();
    expect(letters).toBe(1);
  });

  test('a large order waits for its approval, which the right token alone gives; sent twice, it is one run', async () => {
    await send(LARGE, LARGE);
    const run = await until(
      'the run waits',
      async () => (await runs()).find(({ status }) => status === 'running')?.runId,
      LIMIT_MS,
    );
    const word = { run, by: 'Ada', accepted: true };
    expect((await approve(word)).status).toBe(401);
    expect((await approve({ ...word, accepted: 'yes' }, TOKEN)).status).toBe(400);
    expect(existsSync(reportOf(LARGE.id))).toBe(false);

    expect((await approve(word, TOKEN)).status).toBe(202);
    await until('the report is there', () => existsSync(reportOf(LARGE.id)), LIMIT_MS);
    const report = readFileSync(reportOf(LARGE.id), 'utf8');
    expect(README).toContain(report);
    expect(await runs()).toHaveLength(2);
  });

  test('it stops when it is told to, with all done', async () => {
    serving.signal('SIGTERM');
    expect((await serving.finished).code).toBe(0);
  });
});
