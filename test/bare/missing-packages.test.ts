import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { removeProjects } from '../integration/server/projects';
import { barePackage, makeBareProject } from '../support/bare-install';
import { beginsCommands, runCommand, runWarm, type Command, type Finished } from '../support/command-line';

const PIPELINE = `
import { cronTrigger, knot, tapestry } from 'selvage';
const beat = knot('beat', () => 'alive');
export const heartbeat = tapestry('heartbeat', () => ({ beat: beat({}, { id: 'beat' }) }));
export const everyHour = cronTrigger({ everySeconds: 3600, tapestry: heartbeat });
`;
const STREAM = `
import { valkeyTrigger } from 'selvage';
import { heartbeat } from './pipeline';
export const beats = valkeyTrigger(heartbeat, { id: 'beats', stream: 'beats', map: () => ({}) });
`;
const TRACED = `
import { openTelemetryEmitter } from 'selvage';
export { heartbeat } from './pipeline';
export const emitters = [openTelemetryEmitter()];
`;
const MODELS = 'from selvage import knot\n\n@knot\ndef ping() -> int: ...\n';

const packageDir = barePackage();
const begin = beginsCommands();
let project: string;
beforeAll(() => {
  project = makeBareProject({
    'pipeline.ts': PIPELINE,
    'stream.ts': STREAM,
    'traced.ts': TRACED,
    'models.py': MODELS,
  });
});
afterAll(removeProjects);

const nothingAt = (scheme: string): string => `${scheme}://127.0.0.1:1`;

test.each<[name: string, words: string[], environment?: NodeJS.ProcessEnv, alsoInstalls?: string]>([
  ['pg', ['run', 'pipeline.ts'], { SELVAGE_HISTORY: `${nothingAt('postgres')}/none` }],
  ['iovalkey', ['run', 'pipeline.ts'], { SELVAGE_DATA: nothingAt('valkey') }],
  ['iovalkey', ['serve', 'stream.ts'], { SELVAGE_VALKEY: nothingAt('valkey') }],
  ['@aws-sdk/client-s3', ['run', 'pipeline.ts'], { SELVAGE_DATA: 's3://bucket' }, ' @aws-sdk/lib-storage'],
  [
    'kafkajs',
    ['serve', 'examples/orders/pipeline.ts'],
    { SELVAGE_KAFKA_BROKERS: '127.0.0.1:1', APPROVALS_TOKEN: randomBytes(32).toString('hex') },
  ],
  ['@duckdb/node-api', ['history', 'export', '--to', 'exported']],
  ['@modelcontextprotocol/sdk', ['mcp', 'pipeline.ts']],
])(
  'where %s is missing, `selvage %j` says how to install it',
  async (name, words, environment = {}, more = '') => {
    const { code, stdout, stderr } = await runWarm(project, words, environment, { packageDir });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/\berror MissingPackage: /);
    expect(stderr).toContain(
      `needs the package ${name}, which is not installed. Install it: \`npm install ${name}${more}\`.`,
    );
  },
);

test('where the package of a backend is missing, doctor says so', async () => {
  const environment = { SELVAGE_HISTORY: 'postgres://user:hunter2@127.0.0.1:1/none' };
  const { code, stdout, stderr } = await runWarm(project, ['doctor'], environment, { packageDir });
  expect(code).toBe(1);
  expect(stdout).toMatch(/^error +Backends .*`npm install pg`/m);
  expect(stdout + stderr).not.toContain('hunter2');
});

test('where the generator of types is missing, the command says how to install it', async () => {
  const environment = { SELVAGE_PYTHON: 'python3', PYTHONPATH: project };
  const { code, stderr } = await runCommand(
    project,
    ['python', 'types', 'models', '--out', 'models.ts'],
    environment,
    { packageDir },
  );
  expect(code).toBe(2);
  expect(stderr).toContain('`npm install --save-dev json-schema-to-typescript`');
});

test('where no Temporal CLI can be had, the error names the package that would fetch it', async () => {
  const nowhere = path.join(project, 'nowhere');
  const environment = { PATH: nowhere, XDG_CACHE_HOME: nowhere, SELVAGE_TEMPORAL_CLI: '' };
  // A folder that no server of another test is running for.
  const words = ['run', 'pipeline.ts', '--project-dir', nowhere];
  const { code, stderr } = await runCommand(project, words, environment, { packageDir });
  expect(code).not.toBe(0);
  expect(stderr).toContain('`npm install --save-dev @temporalio/testing`');
});

test('a prom-client that is there and lacks what it needs is told apart', async () => {
  const broken = path.join(project, 'broken', 'prom-client');
  mkdirSync(broken, { recursive: true });
  writeFileSync(path.join(broken, 'index.js'), "require('tdigest');\n");
  const environment = { NODE_PATH: path.dirname(broken) };
  const words = ['worker', 'pipeline.ts', '--health-port', '0'];
  const { code, stderr } = await runCommand(project, words, environment, { packageDir });
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^error BrokenPackage: .* prom-client, which is installed and cannot be loaded: .*'tdigest'/m,
  );
});

test('an emitter whose package is missing says so in the log, and the run goes on', async () => {
  const { code, stdout, stderr } = await runCommand(project, ['run', 'traced.ts'], {}, { packageDir });
  expect(code).toBe(0);
  expect(stdout + stderr).toContain('`npm install @opentelemetry/api`');
});

test.each([
  ['serve', ['serve', 'pipeline.ts', '--port', '0'], /^.*Serves cron:.* at (http:\/\/[^\s,]+)/m],
  [
    'worker',
    ['worker', 'pipeline.ts', '--health-port', '0'],
    /Answers \/livez, \/readyz and \/metrics at (http:\S+)/,
  ],
  [
    'dev',
    ['dev', 'pipeline.ts', '--health-port', '0'],
    /Answers \/livez, \/readyz and \/metrics at (http:\S+)/,
  ],
])('%s works where prom-client is missing, but for /metrics', async (_, words, address) => {
  const command = begin(project, words, {}, { packageDir });
  const [, url] = await command.hasWritten(address);
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  const metrics = await fetch(`${url}/metrics`);
  expect(metrics.status).toBe(501);
  expect(await metrics.text()).toContain('npm install prom-client');
  expect(await ended(command)).toMatchObject({ code: 0 });
});

async function ended(command: Command): Promise<Finished> {
  command.signal('SIGTERM');
  return await command.finished;
}
