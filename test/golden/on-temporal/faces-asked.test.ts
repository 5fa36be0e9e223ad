import { removeProjects } from '../../integration/server/projects';
import { cliQuestions } from '../faces/cli-questions';
import { expectFace } from '../faces/face-files';
import { fill } from '../faces/fill';
import { FixedProject, hasOption } from '../faces/fixed-project';
import { httpQuestions, WITH_TOKEN } from '../faces/http-questions';
import { McpFace } from '../faces/mcp-face';
import { mcpQuestions } from '../faces/mcp-questions';
import { PageFace } from '../faces/page-face';

const project = new FixedProject();
const hashes = new Map<string, string>();
let page: PageFace;
let mcp: McpFace;

/** A net for a machine that is busy with other work. */
const SETUP_MS = 600_000;

beforeAll(async () => {
  await fill(project);
  for (const run of ['good']) {
    const { temporal_run_id: id } = (await project.backends.runHistory.getRun(run))!;
    for (const { knot_id, output_hash } of await project.backends.runHistory.getRecords(id))
      if (output_hash !== null) hashes.set(`${run}/${knot_id}`, output_hash);
  }
  page = await PageFace.open(project);
  mcp = await McpFace.open(project);
}, SETUP_MS);
afterAll(async () => {
  await mcp?.close();
  await project.close();
  await removeProjects();
});

const hashOf = (run: string, knot: string): string => hashes.get(`${run}/${knot}`)!;
/** The names are known before the hashes are. */
const namesOf = <Asks extends object>(asks: (of: typeof hashOf) => Asks): (keyof Asks & string)[] =>
  Object.keys(asks(() => '')) as (keyof Asks & string)[];

describe('the command line', () => {
  test.each(namesOf(cliQuestions))('selvage %s answers as recorded', async (verb) => {
    const shown: string[] = [];
    for (const words of cliQuestions(hashOf)[verb]!)
      for (const form of (await hasOption(verb, '--json')) ? [[], ['--json']] : [[]])
        shown.push(await project.command([...verb.split(' '), ...words, ...form]));
    expectFace('cli', verb, shown.join('\n'));
  });
});

describe('the HTTP API of the page', () => {
  test.each(namesOf(httpQuestions))('%s answers as recorded', async (name) => {
    const shown: string[] = [];
    const asks: readonly object[] = httpQuestions(hashOf)[name];
    for (const hasToken of WITH_TOKEN.includes(name) ? [false, true] : [false])
      for (const ask of asks) shown.push(await page.question(name, ask, { hasToken }));
    shown.push(await page.question(name, { nonsense: true }));
    expectFace('http', name, shown.join('\n'));
  });
});

describe('the tools for models', () => {
  test.each(namesOf(mcpQuestions))('%s answers as recorded', async (name) => {
    const shown = [await mcp.description(name)];
    for (const input of mcpQuestions(hashOf)[name]!) shown.push(await mcp.call(name, input));
    expectFace('mcp', name, shown.join('\n'));
  });
});
