import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { beginsCommands, type Command, makeCommandProject, runCommand } from '../../support/command-line';
import { closeAll, onClose } from '../../support/open-selvage';
import { pageAt, type TestPage } from '../../support/page';
import { InterruptibleServer } from '../../support/schedulers';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';

const PIPELINE = `
import { knot, tapestry } from 'selvage';
const one = knot('one', () => 1);
export const first = tapestry('first', () => ({ y: one({}, { id: 'one' }) }));
`;
const PAGE = /Page (http:\/\/127\.0\.0\.1:\d+\/\?token=\S+)/;

async function pageOf(command: Command): Promise<TestPage> {
  return pageAt((await command.hasWritten(PAGE))[1]!);
}

afterEach(closeAll);
const begin = beginsCommands();
afterAll(removeProjects);

const makeFirst = (): string => makeCommandProject({ 'pipeline.ts': PIPELINE });

test('selvage ui has a page that starts runs, a second one its own port, and both end at Ctrl-C while a browser listens', async () => {
  const project = makeFirst();
  const ui = begin(project, ['ui', 'pipeline.ts']);
  const page = await pageOf(ui);
  const other = begin(project, ['ui', 'pipeline.ts']);
  const second = await pageOf(other);
  expect(second.url).not.toBe(page.url);
  // A link of one page of the project is good for the other.
  expect(second.token).toBe(page.token);

  const taken = await runCommand(project, ['ui', 'pipeline.ts', '--port', new URL(page.url).port]);
  expect(taken).toMatchObject({ code: 2, stderr: expect.stringMatching(/^error PortInUse: /m) as string });

  const feeds = [page.listen(), second.listen()];
  const { runId } = await page.act('runs.start', { tapestry: 'first', parameters: {} });
  expect(await second.ask('runs.show', { runId })).toMatchObject({
    run: { status: 'running', trigger: 'ui' },
  });
  for (const command of [ui, other]) {
    command.signal('SIGINT');
    expect((await command.finished).code).toBe(0);
  }
  for (const feed of feeds) await until('the feed has ended', () => feed.ended);
});

test('a page tells what is on record while its server is away, and acts once it is back', async () => {
  const server = await InterruptibleServer.start('V2');
  onClose(() => server.stop());
  const project = makeFirst();
  const place = ['pipeline.ts', '--address', server.address];
  const page = await pageOf(begin(project, ['ui', ...place, '--port', '0']));
  const worker = begin(project, ['worker', ...place]);
  await worker.hasWritten(/Worker of first/);
  const isEnded = async (run: string): Promise<boolean> =>
    (await page.ask('runs.list', {})).items.some((one) => one.runId === run && one.status === 'succeeded');
  const { runId } = await page.act('runs.start', { tapestry: 'first', parameters: {} });
  await until('the run ends', () => isEnded(runId));

  await server.kill();
  expect(await isEnded(runId)).toBe(true);
  expect(await page.ask('runs.show', { runId })).toMatchObject({
    graph: { knots: [{ state: { outcome: 'ok' } }] },
  });
  expect(await page.ask('project.about', {})).toMatchObject({
    serverState: 'unreachable',
    tapestries: [{ name: 'first' }],
  });
  const refused = await page.post('runs.start', { tapestry: 'first', parameters: {} });
  expect(refused).toMatchObject({
    status: 503,
    body: expect.stringContaining('ServerUnreachable') as string,
  });

  await server.start();
  await until('it is connected again', async () => {
    await page.ask('runs.list', {});
    return (await page.ask('project.about', {})).serverState === 'connected';
  });
  const { runId: next } = await page.act('runs.start', { tapestry: 'first', parameters: {} });
  await until('the run ends', () => isEnded(next));
});

test('the page of selvage dev stays where it is when the file changes, and its forms follow', async () => {
  const project = makeFirst();
  const dev = begin(project, ['dev', 'pipeline.ts']);
  const page = await pageOf(dev);
  const names = async (): Promise<string[]> =>
    (await page.ask('project.about', {}).catch(() => undefined))?.tapestries.map(({ name }) => name) ?? [];
  expect(await names()).toEqual(['first']);
  writeFileSync(path.join(project, 'pipeline.ts'), PIPELINE.replace("'first'", "'changed'"));
  await until('the forms follow', async () => (await names()).includes('changed'));
  // What is broken has no forms, and a page.
  writeFileSync(path.join(project, 'pipeline.ts'), 'export const = ;\n');
  await until(
    'it has no forms',
    async () => {
      const about = await page.ask('project.about', {}).catch(() => undefined);
      return about?.tapestries.length === 0;
    },
    60_000,
  );
  const feed = page.listen();
  await until('the feed is there', () => feed.isOpen);
  dev.signal('SIGINT');
  expect((await dev.finished).code).toBe(0);
  await until('the feed has ended', () => feed.ended);
  expect(dev.stdout + dev.stderr).not.toMatch(/token=[^]*token=/);
});
