import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Tapestry, WebhookDeclaration } from '../../../src';
import { toFetchHandler, toNodeHandler } from '../../../src/serve';
import { beginsCommands, makeCommandProject, runCommand, type Finished } from '../../support/command-line';
import { loadSnippet, readFile, savedFiles } from '../../support/doc-snippets';
import { closeAll, openSelvage } from '../../support/open-selvage';
import { removeProjects } from '../server/projects';

afterEach(closeAll);
afterAll(removeProjects);
const begin = beginsCommands();

/** The commands of a recipe, without `npx selvage`, and a project with the file that it saves. */
function recipe(name: string): { project: string; commands: string[][] } {
  const text = readFile(`docs/recipes/${name}.md`);
  const file = /^`([\w-]+\.ts)`:$/m.exec(text)![1]!;
  const commands = [...text.matchAll(/^\$ npx selvage (.*)$/gm)].map(([, line]) =>
    [...line!.matchAll(/'([^']*)'|(\S+)/g)].map(([, one, two]) => one ?? two!),
  );
  return { project: makeCommandProject({ [file]: savedFiles().get(file)! }), commands };
}

test('wait for a person: the run waits, is found, and ends by the answer', async () => {
  const { project, commands } = recipe('wait-for-a-person');
  const [run, waiting, signal] = commands;
  const command = begin(project, run!);
  await command.hasWritten(/Run looms/);
  let shown: Finished;
  do shown = await runCommand(project, waiting!);
  while (!shown.stdout.includes('waits for the signal "decide"'));
  expect(await runCommand(project, signal!)).toMatchObject({ code: 0 });
  const { code, stdout } = await command.finished;
  expect(stdout).toContain('About looms, released by ada');
  expect(code).toBe(0);
});

test('find out why a value changed: the first knots that differ are named', async () => {
  const { project, commands } = recipe('why-a-value-changed');
  let hash = '';
  for (const words of commands) {
    const { code, stdout } = await runCommand(
      project,
      words.map((word) => (word === 'HASH' ? hash : word)),
    );
    expect({ words, code }).toEqual({ words, code: words[0] === 'diff' ? 1 : 0 });
    if (words[0] === 'diff') expect(stdout).toMatch(/^ {2}param:currency {2}[\s\S]*: rate, total$/m);
    if (words[0] === 'lineage') hash = /sha256:[0-9a-f]+/.exec(stdout)![0];
  }
});

test('resume a failed run: what is Ok is taken over', async () => {
  const { project, commands } = recipe('resume-a-failed-run');
  const [run, resume, show] = commands;
  const mark = path.join(project, 'warehouse-is-away');
  writeFileSync(mark, '');
  expect(await runCommand(project, run!)).toMatchObject({ code: 1 });
  rmSync(mark);
  const resumed = await runCommand(project, resume!);
  expect(resumed).toMatchObject({ code: 0 });
  expect(resumed.stdout).toContain('2 orders stored');
  const { stdout } = await runCommand(project, [...show!, '--json']);
  expect(stdout).toContain('"import-1"');
});

test('start by webhook: a genuine request starts a run, any other does not', async () => {
  const [token, secret] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')];
  process.env['SIGN_UPS_TOKEN'] = token;
  const { signUp, signUps } = loadSnippet(savedFiles().get('sign-ups.ts')!, require) as {
    signUp: Tapestry;
    signUps: WebhookDeclaration;
  };
  const selvage = await openSelvage({ tapestries: [signUp] });
  const handler = toFetchHandler({ selvage, triggers: [signUps], statusSecret: secret });
  const server = createServer(toNodeHandler(handler)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const post = async (token: string, body: string): Promise<Response> =>
    await fetch(`http://127.0.0.1:${port}/hooks/sign-ups?wait=30s`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body,
    });
  const good = await post(token, '{"name":"Ada"}');
  expect(good.status).toBe(200);
  expect(await good.text()).toContain('Welcome, Ada.');
  expect((await post(secret, '{"name":"Ada"}')).status).toBe(401);
  expect((await post(token, '{"name":5}')).status).toBe(400);
  await handler.stop();
  server.close();
});
