import path from 'node:path';
import type { ActName } from '../../../src/explorer/contract';
import { ACT_HEADER } from '../../../src/api/guard';
import { removeProjects } from '../../integration/server/projects';
import { CLI_ACTS, type ActPlaces } from '../faces/cli-acts';
import { expectFace } from '../faces/face-files';
import { FixedProject, hasOption } from '../faces/fixed-project';
import { HTTP_ACTS } from '../faces/http-acts';
import { MCP_ACTS } from '../faces/mcp-acts';
import { McpFace } from '../faces/mcp-face';
import { PageFace } from '../faces/page-face';

const places: ActPlaces = { worked: new FixedProject(), alone: new FixedProject() };
const { worked, alone } = places;
let page: PageFace;
let mcp: McpFace;

/** A net for a machine that is busy with other work. */
const SETUP_MS = 600_000;

beforeAll(async () => {
  await worked.startWorker();
  await worked.run('orders', 'done', '--param', 'x=5');
  page = await PageFace.open(worked);
  mcp = await McpFace.open(worked);
  await worked.begin('stream', 'endless.ts', '--id', 'notes').hasWritten(/notes/);
  await worked.shows(/notes +reading/, 'streams', 'list');

  // It keeps the server, and works for nothing.
  await PageFace.open(alone);
  const run = (tapestry: string, runId: string, x: string): ReturnType<typeof alone.selvage> =>
    alone.selvage('run', 'pipeline.ts', '--tapestry', tapestry, '--run-id', runId, '--param', x);
  await run('orders', 'good', 'x=5');
  await run('breaks', 'broken', 'x=1');
  await alone.does('backup', 'saved');
}, SETUP_MS);
afterAll(async () => {
  await mcp?.close();
  await worked.close();
  await alone.close();
  await removeProjects();
});

/** A new copy of the project alone, as options of a command. */
async function copied(name: string): Promise<string[]> {
  const options = ['--project-dir', path.join(alone.folder, 'copies', name)];
  await alone.does('restore', 'saved', ...options);
  return options;
}

describe('the command line', () => {
  test.each(Object.keys(CLI_ACTS))('selvage %s does as recorded', async (verb) => {
    const { in: place, words, environment } = CLI_ACTS[verb]!;
    const [name] = verb.split(' --') as [string];
    const shown: string[] = [];
    for (const form of (await hasOption(name, '--json')) ? ['text', 'json'] : ['text']) {
      const copy = place === 'copy' ? await copied(`${verb.replaceAll(' ', '-')}-${form}`) : [];
      const server =
        place === 'copy' && (await hasOption(name, '--address')) ? ['--address', await alone.address()] : [];
      for (const each of words) {
        const given = typeof each === 'string' ? each : await each(form, places, copy);
        const all = [verb, given]
          .filter((part) => part !== '')
          .join(' ')
          .split(' ');
        const project = place === 'copy' ? alone : places[place];
        shown.push(
          await project.command(
            [...all, ...copy, ...server, ...(form === 'json' ? ['--json'] : [])],
            environment,
          ),
        );
      }
    }
    expectFace('cli', verb, shown.join('\n'));
  });
});

describe('the HTTP API of the page', () => {
  test.each(Object.keys(HTTP_ACTS))('%s does as recorded', async (name) => {
    const shown: string[] = [];
    for (const ask of HTTP_ACTS[name as ActName])
      shown.push(await page.act(name, typeof ask === 'function' ? await ask(worked) : ask));
    shown.push(await page.act(name, { nonsense: true }));
    expectFace('http', `act ${name}`, shown.join('\n'));
  });

  test('it refuses what it is to refuse, as recorded', async () => {
    const nobody = { tapestry: 'orders', parameters: { x: 5 } };
    const shown = [
      await page.question('nobody', {}),
      await page.act('nobody', {}),
      await page.act('start', nobody, { authorization: 'Bearer nobody' }),
      await page.act('start', nobody, {}, [ACT_HEADER]),
      await page.act('start', nobody, { 'content-type': 'text/plain' }),
      await page.act('start', nobody, { origin: 'http://example.org' }),
    ];
    expectFace('http', 'refusals', shown.join('\n'));
  });

  test('it tells what happens as recorded', async () => {
    const feed = page.page.listen();
    await feed.until(({ isOpen }) => isOpen);
    await worked.run('orders', 'live', '--param', 'x=8');
    const isOfRun = (event: object): boolean => JSON.stringify(event).includes('"live"');
    await feed.until(({ events }) => events.some((one) => isOfRun(one) && one.kind === 'run-ended'));
    expectFace('http', 'live', worked.normaliser.json(feed.events.filter(isOfRun)));
  });
});

describe('the tools for models', () => {
  test.each(Object.keys(MCP_ACTS))('%s does as recorded', async (name) => {
    const shown = [await mcp.description(name)];
    for (const input of MCP_ACTS[name]!)
      shown.push(await mcp.call(name, typeof input === 'function' ? await input(worked) : input));
    expectFace('mcp', name, shown.join('\n'));
  });
});
