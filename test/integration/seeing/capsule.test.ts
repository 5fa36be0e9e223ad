import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import path from 'node:path';
import { Command, makeCommandProject, runWarm } from '../../support/command-line';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';

const PIPELINE = (each: string): string => `
import { knot, map, tapestry } from 'selvage';
import { z } from 'zod';
const users = knot('users', ({ count }: { count: number }) =>
  Array.from({ length: count }, (_, at) => ({ name: 'user ' + at, email: 'user-' + at + '@example.org' })));
const greet = knot('greet', ({ user }: { user: { name: string } }) => ${each});
export const hello = tapestry('hello', { parameters: { count: z.number() } }, (_t, { count }) => ({
  greetings: map({ over: users({ count }, { id: 'users' }), each: greet, bind: 'user' }, { id: 'greetings' }),
}));
`;

let project: string;
const selvage = (...args: string[]): ReturnType<typeof runWarm> => runWarm(project, args);
const capsule = 'hello.selvage.html';

beforeAll(async () => {
  project = makeCommandProject({
    'pipeline.ts': PIPELINE('({ text: `Hello ${user.name}` })'),
    'edited.ts': PIPELINE("({ text: user.name.endsWith('1') ? 'Bye' : `Hello ${user.name}` })"),
  });
  const run = await selvage('run', 'pipeline.ts', '--param', 'count=3', '--run-id', 'hello');
  expect(run).toMatchObject({ code: 0 });
  const made = await selvage('capsule', 'create', 'hello');
  expect(made).toMatchObject({ code: 0 });
  expect(made.stdout).toMatch(
    /hello\.selvage\.html has run hello \(hello, succeeded\): 6 records of 1 run, 6 values of /,
  );
});
afterAll(removeProjects);

test('a capsule is read as a run history, and is what the project has', async () => {
  const opened = await selvage('capsule', 'open', capsule, '--check');
  expect(opened.code).toBe(0);
  expect(opened.stdout).toMatch(/Has +6 records as they were made, 6 values intact, 0 left out/);
  expect(opened.stdout).toMatch(/Hash +sha256:[0-9a-f]{64}$/m);
  const { counts } = JSON.parse((await selvage('capsule', 'open', capsule, '--json')).stdout) as {
    counts: object;
  };
  expect(counts).toEqual({ records: 6, intact: 6, leftOut: 0, unchecked: 0 });
  for (const words of [
    ['lineage', '--run', 'hello', '--json'],
    ['runs', 'list', '--json'],
  ]) {
    const here = JSON.parse((await selvage(...words)).stdout) as { items: { runId: string }[] };
    const there = await selvage(...words, '--capsule', capsule);
    const read = JSON.parse(there.stdout) as { items: { runId: string }[] };
    expect(read.items.map(({ runId }) => runId)).toEqual(here.items.map(({ runId }) => runId));
  }
  const shown = await selvage('runs', 'show', 'hello', '--capsule', capsule);
  expect(shown.code).toBe(0);
  expect(shown.stdout).toContain("text: 'Hello user 1'");
  const document = JSON.parse(
    (await selvage('lineage', '--run', 'hello', '--knot', 'greetings', '--json')).stdout,
  ) as {
    items: { outputHash: string }[];
  };
  const hash = document.items[0]!.outputHash;
  expect((await selvage('value', hash, '--capsule', capsule)).stdout).toContain('Hello user 2');
  expect((await selvage('why', hash, '--capsule', capsule)).stdout).toContain('param:count');
  expect(await selvage('diff', 'hello', 'hello', '--capsule', capsule)).toMatchObject({ code: 0 });
  expect((await selvage('impact', hash, '--capsule', capsule)).stdout).toContain('Nothing was made of it.');
});

test('opened, it is a page that reads it, and on which nobody acts', async () => {
  const elsewhere = makeCommandProject({ [capsule]: readFileSync(path.join(project, capsule), 'utf8') });
  const command = new Command(elsewhere, ['capsule', 'open', capsule, '--no-browser']);
  const [, url] = await command.hasWritten(/^The page: (http:\S+)$/m);
  const api = new URL('/api/v1/', url);
  const run = await fetch(new URL('runs/show?runId=hello', api));
  expect(await run.json()).toMatchObject({ run: { runId: 'hello', status: 'succeeded' } });
  const headers = { 'content-type': 'application/json', 'x-selvage-action': '1' };
  const act = await fetch(new URL('runs/cancel', api), {
    method: 'POST',
    headers,
    body: '{"runId":"hello"}',
  });
  expect(await act.json()).toMatchObject({ status: 403, code: 'UiReadOnly' });
  command.signal('SIGTERM');
  expect(await command.finished).toMatchObject({ code: 0 });
});

test('it is read where there is no project, and without a server', async () => {
  const elsewhere = makeCommandProject({ [capsule]: readFileSync(path.join(project, capsule), 'utf8') });
  const shown = await runWarm(elsewhere, [
    'runs',
    'show',
    'hello',
    '--capsule',
    capsule,
    '--address',
    '127.0.0.1:1',
  ]);
  expect(shown).toMatchObject({ code: 0, stderr: '' });
  const none = await runWarm(elsewhere, ['runs', 'show', 'nobody', '--capsule', capsule]);
  expect(none).toMatchObject({ code: 2 });
});

test('its knots run again: the same code comes to the same, edited code is told where it parts', async () => {
  const same = await selvage('debug', capsule, 'pipeline.ts', '--all');
  expect(same.code).toBe(0);
  expect(same.stdout).toMatch(/^same {7}users {2}it gave the same value$/m);
  expect(same.stdout).toMatch(/^4 knots gave the same result, 0 did not, 1 without a body\.$/m);
  for (const source of [capsule, 'hello']) {
    const other = await selvage('debug', source, 'edited.ts', '--knot', 'greetings');
    expect(other.code).toBe(1);
    expect(other.stdout).toMatch(
      /^differs {4}greetings\[1\] {2}it gave another value: at \$\.text there was "Hello user 1", and now is "Bye"$/m,
    );
  }
  const document = JSON.parse(
    (await selvage('debug', capsule, 'edited.ts', '--knot', 'greetings[1]', '--json')).stdout,
  ) as object;
  expect(document).toMatchObject({
    different: 1,
    knots: [{ verdict: 'value', difference: { path: '$.text' } }],
  });
  expect(await selvage('debug', capsule, 'pipeline.ts')).toMatchObject({ code: 2 });
  const unknown = await selvage('debug', capsule, 'pipeline.ts', '--knot', 'nobody');
  expect(unknown.stderr).toMatch(/^error UnknownKnot: /m);
});

/** A debugger that says what it is to say, and hears when the program stands still. */
async function attach(url: string): Promise<{
  readonly say: (method: string) => void;
  readonly heard: (text: string) => Promise<void>;
  readonly leave: () => void;
}> {
  const { hostname, port, pathname } = new URL(url);
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': Buffer.alloc(16).toString('base64'),
  };
  const asked = request({ hostname, port, path: pathname, headers }).end();
  const [, socket, head] = (await once(asked, 'upgrade')) as [unknown, Socket, Buffer];
  let all = head.toString('latin1');
  socket.on('data', (chunk: Buffer) => (all += chunk.toString('latin1')));
  let id = 0;
  return {
    say: (method) => {
      const text = JSON.stringify({ id: ++id, method });
      // One frame of text, with a mask of zeros.
      socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]));
    },
    heard: async (text) => {
      await until(`the debugger hears ${text}`, () => all.includes(text));
    },
    leave: () => void socket.destroy(),
  };
}

test('a debugger attaches, and the program stands still before the body', async () => {
  const words = ['debug', capsule, 'pipeline.ts', '--knot', 'users', '--inspect-brk', '--inspect-port', '0'];
  const command = new Command(project, words);
  const [, url] = await command.hasWritten(/^Debugger listening on (ws:\S+): /m);
  const { say, heard, leave } = await attach(url!);
  say('Debugger.enable');
  say('Runtime.runIfWaitingForDebugger');
  await heard('Debugger.paused');
  expect(command.stdout).not.toContain('users');
  say('Debugger.resume');
  await command.hasWritten(/^same {7}users /m);
  // The program ends when nobody is attached any more.
  leave();
  expect(await command.finished).toMatchObject({ code: 0 });
});

test('what is redacted is not in the file; what is damaged or foreign is an error', async () => {
  const made = await selvage(
    'capsule',
    'create',
    'hello',
    '-o',
    'redacted.html',
    '--redact',
    'users.*.email',
    '--max-value',
    '1k',
  );
  expect(made.code).toBe(0);
  expect(made.stdout).toMatch(/1 value that records name is not in it \(1 Redacted\):/);
  const opened = await selvage('capsule', 'open', 'redacted.html', '--check');
  expect(opened.stdout).toMatch(/Redacted +users\.\*\.email/);
  const unread = await selvage('debug', 'redacted.html', 'pipeline.ts', '--knot', 'greetings[0]');
  expect(unread).toMatchObject({ code: 2 });
  expect(unread.stdout).toMatch(/^unreadable greetings\[0\] {2}it could not be run: Redacted: /m);
  const partly = await selvage('debug', 'redacted.html', 'pipeline.ts', '--all');
  expect(partly).toMatchObject({ code: 2 });
  expect(partly.stdout).toMatch(/^same {7}users /m);
  const slip = await selvage('capsule', 'create', 'hello', '-o', 'slip.html', '--redact', 'user.email');
  expect(slip).toMatchObject({ code: 2 });
  expect(slip.stderr).toMatch(/^error UnknownKnot: /m);

  const whole = readFileSync(path.join(project, capsule), 'utf8');
  writeFileSync(path.join(project, 'cut.html'), whole.slice(0, whole.length - 300));
  for (const file of ['cut.html', 'pipeline.ts']) {
    const { code, stderr } = await selvage('capsule', 'open', file);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error CapsuleDamaged: /m);
  }
  expect((await selvage('capsule', 'create', 'nobody')).stderr).toMatch(/^error UnknownRun: /m);
  expect((await selvage('capsule', 'create', 'hello', '-o', '/dev/null/x/y.html')).stderr).toMatch(
    /^error FolderUnusable: /m,
  );
});
