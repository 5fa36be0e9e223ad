import { randomUUID } from 'node:crypto';
import { openValkey, type ValkeyConnection } from '../../../src/adapters/valkey';
import { textOf } from '../../../src/adapters/valkey/client-like';
import { openBackends } from '../../../src/backends';
import type { LedgerEntry } from '../../../src/ports';
import { beginsCommands, makeCommandProject, runCommand } from '../../support/command-line';
import { listening } from '../../support/listening';
import { describeWith, valkeyService } from '../../support/services';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';

const PIPELINE = `
import { knot, tapestry, valkeyTrigger } from 'selvage';
import { z } from 'zod';
const double = knot('double', ({ x }: { x: number }) => x * 2);
export const doubled = tapestry('doubled', (t) => ({ y: double({ x: t.parameter('x', z.number()) }, { id: 'd' }) }));
export const numbers = valkeyTrigger(doubled, { id: 'numbers', stream: process.env.STREAM ?? 'numbers', window: 20, claimAfter: 1000 });
`;
const READY = /Serves valkey:numbers at (http:\/\/127\.0\.0\.1:\d+)/;

const begin = beginsCommands();
afterAll(removeProjects);

function makeProject(): string {
  return makeCommandProject({
    'pipeline.ts': PIPELINE,
    'nothing.ts': PIPELINE.replace(/^export const numbers.*$/m, ''),
  });
}

describe('what cannot be served is refused, and named', () => {
  let project: string;
  beforeAll(() => (project = makeProject()));

  test('a file without a trigger', async () => {
    const { code, stderr } = await runCommand(project, ['serve', 'nothing.ts']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/error FileWithoutTrigger: nothing\.ts exports nothing that starts runs/);
  });

  test('a trigger that does not know its server', async () => {
    const { code, stderr } = await runCommand(project, ['serve', 'pipeline.ts', '--port', '0']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/error InvalidConfig: The trigger valkey:numbers .* SELVAGE_VALKEY is not set/);
  });

  test('a port that is taken', async () => {
    const other = await listening();
    const { code, stderr } = await runCommand(
      project,
      ['serve', 'pipeline.ts', '--port', String(other.port)],
      { SELVAGE_VALKEY: 'valkey://127.0.0.1:1' },
    );
    await other.close();
    expect(code).toBe(2);
    expect(stderr).toContain(`error PortInUse: Another program listens on 127.0.0.1:${other.port}`);
  });

  test.each(['65536', 'x', '-1'])('the port %s', async (port) => {
    const { code, stderr } = await runCommand(project, ['serve', 'pipeline.ts', '--port', port]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error Usage: .*--port/);
  });
});

test('a worker answers what machines ask, on a port of its own', async () => {
  const worker = begin(makeProject(), ['worker', 'pipeline.ts', '--health-port', '0']);
  const [, url] = await worker.hasWritten(/Answers \/livez, \/readyz and \/metrics at (http:\S+)/);
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  const ready = await fetch(`${url}/readyz`);
  expect(ready.status).toBe(200);
  expect(await ready.json()).toMatchObject({
    ready: true,
    parts: { server: { ready: true }, worker: { ready: true }, 'start-ledger': { ready: true } },
  });
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('process_cpu_seconds_total');
  worker.signal('SIGTERM');
  expect((await worker.finished).code).toBe(0);
});

describeWith('valkey')('selvage serve', () => {
  let url: string;
  let stream: string;
  let connection: ValkeyConnection;
  let environment: NodeJS.ProcessEnv;

  beforeAll(async () => {
    url = await valkeyService();
  });
  beforeEach(async () => {
    connection = await openValkey({ url });
    stream = `test-${randomUUID()}`;
    environment = { SELVAGE_VALKEY: url, STREAM: stream };
  });
  afterEach(async () => {
    await connection.command('del', stream);
    await connection.close();
  });

  const add = async (x: number): Promise<string> =>
    `${stream}/${textOf(await connection.command('xadd', stream, '*', 'data', `{"x":${x}}`))}`;
  const addMany = async (count: number): Promise<string[]> => {
    const keys: string[] = [];
    for (let x = 0; x < count; x++) keys.push(await add(x));
    return keys.sort();
  };

  async function ledgerOf(projectDir: string): Promise<LedgerEntry[]> {
    const backends = await openBackends({ projectDir });
    try {
      const entries: LedgerEntry[] = [];
      let cursor: string | undefined;
      do {
        const page = await backends.startLedger.list({
          trigger: 'valkey:numbers',
          limit: 1_000,
          ...(cursor !== undefined && { cursor }),
        });
        entries.push(...page.items);
        cursor = page.cursor;
      } while (cursor !== undefined);
      return entries;
    } finally {
      await backends.close();
    }
  }

  test('starts runs and works for them; what machines ask is answered; SIGTERM ends it cleanly', async () => {
    const project = makeProject();
    const serving = begin(project, ['serve', 'pipeline.ts', '--port', '0'], environment);
    const [, at] = await serving.hasWritten(READY);
    const [key] = await addMany(1);
    const { stdout } = await until('the run is over', async () => {
      const listed = await runCommand(project, ['runs', 'list', '--status', 'succeeded', '--json']);
      return listed.stdout.includes('"succeeded"') ? listed : undefined;
    });
    expect(JSON.parse(stdout)).toMatchObject({
      items: [{ tapestry: 'doubled', trigger: 'valkey:numbers', triggerKey: key }],
    });
    const readiness = await fetch(`${at}/readyz`);
    expect(readiness.status).toBe(200);
    expect(await readiness.json()).toMatchObject({ parts: { 'valkey:numbers': { ready: true } } });
    const metrics = await (await fetch(`${at}/metrics`)).text();
    expect(metrics).toContain('selvage_trigger_events_total{trigger="valkey:numbers",result="started"} 1');
    serving.signal('SIGTERM');
    const { code, stderr } = await serving.finished;
    expect(stderr).toMatch(/info Stopping: what was accepted is started/);
    expect(code).toBe(0);
  });

  test('of two instances one is killed amid its work and the other is stopped: each entry has started one run', async () => {
    const project = makeProject();
    const keys = await addMany(400);
    const options = ['serve', 'pipeline.ts', '--port', '0', '--no-worker'];
    const instances = [0, 1].map(() => begin(project, options, environment));
    await Promise.all(instances.map((instance) => instance.hasWritten(READY)));
    await until('both are consumers', async () => {
      const [group] = (await connection.command('xinfo', 'GROUPS', stream)) as unknown[][];
      return group !== undefined && group[3] === 2;
    });
    const [killed, other] = instances;
    /** Pending entries of all consumers, or of one process. */
    const pending = async (pid?: number): Promise<number> => {
      const consumers = (await connection.command('xinfo', 'CONSUMERS', stream, 'numbers')) as unknown[][];
      const of = consumers.filter(([, name]) => pid === undefined || textOf(name).includes(`-${pid}-`));
      return of.reduce((sum, consumer) => sum + Number(consumer[3]), 0);
    };
    await until('it has entries that it has not acknowledged', async () => {
      killed!.signal('SIGSTOP');
      if ((await pending(killed!.pid)) > 0) return true;
      killed!.signal('SIGCONT');
      return false;
    });
    killed!.signal('SIGKILL');
    await killed!.finished;
    // The blow has landed: another consumer has to take these over.
    expect(await pending(killed!.pid)).toBeGreaterThan(0);
    await until('nothing is pending, and nothing waits', async () => {
      const [group] = (await connection.command('xinfo', 'GROUPS', stream)) as unknown[][];
      const lag = group![group!.findIndex((field) => textOf(field) === 'lag') + 1];
      return (await pending()) === 0 && lag === 0;
    });
    other!.signal('SIGTERM');
    expect((await other!.finished).code).toBe(0);
    const entries = await ledgerOf(project);
    expect(entries.map(({ key }) => key).sort()).toEqual(keys);
    expect(entries.filter(({ startedAt }) => startedAt === null)).toEqual([]);
    expect(new Set(entries.map(({ runId }) => runId)).size).toBe(keys.length);
    const { stdout } = await runCommand(project, ['runs', 'list', '--limit', '1000', '--json']);
    const { items } = JSON.parse(stdout) as { items: { runId: string }[] };
    expect(items.map(({ runId }) => runId).sort()).toEqual(entries.map(({ runId }) => runId).sort());
  });
});
