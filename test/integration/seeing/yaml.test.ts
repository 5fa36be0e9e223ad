import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command, makeCommandProject, runCommand } from '../../support/command-line';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';

afterAll(removeProjects);

/** Its second node waits for the file `go`. */
const document = (constant = 1, body = 'wait'): string => `
name: pipeline
nodes:
  - { id: x, type: parameter, type_: int, default: 5 }
  - { id: first, type: knot, callable: double, parents: { x: x } }
  - { id: second, type: knot, callable: ${body}, parents: { x: first }, config: { more: ${constant} } }
  - { id: last, type: gate, input: second, predicate: positive }
`;
const CALLABLES = `
import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export const double = ({ x }) => {
  appendFileSync('log', 'double\\n');
  return x * 2;
};
export const wait = async ({ x, more }, { signal }) => {
  appendFileSync('log', 'wait\\n');
  while (!existsSync('go')) await sleep(20, undefined, { signal });
  return x + more;
};
export const positive = (x) => x > 0;
`;

const logOf = (project: string): string[] =>
  existsSync(path.join(project, 'log'))
    ? readFileSync(path.join(project, 'log'), 'utf8').trim().split('\n')
    : [];
const write = (project: string, text: string): void =>
  writeFileSync(path.join(project, 'pipeline.yaml'), text);

function makeProject(): string {
  return makeCommandProject({ 'pipeline.yaml': document(), 'callables.mjs': CALLABLES });
}

/** A run whose command is killed while the second node works. */
async function killed(project: string): Promise<void> {
  const command = new Command(project, ['run', 'pipeline.yaml', '--run-id', 'one']);
  await until('the second node works', () => logOf(project).includes('wait'));
  command.signal('SIGTERM');
  await command.finished;
}

test('a run of a document goes on after its command was ended, with the nodes that are done', async () => {
  const project = makeProject();
  await killed(project);
  writeFileSync(path.join(project, 'go'), '');
  const { code, stdout } = await runCommand(project, ['run', 'pipeline.yaml', '--run-id', 'one', '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ runId: 'one', status: 'succeeded', values: { last: 11 } });
  expect(logOf(project)).toEqual(['double', 'wait', 'wait']);
});

test('a document that is edited meanwhile is other work, unless only its words have changed', async () => {
  const project = makeProject();
  await killed(project);
  writeFileSync(path.join(project, 'go'), '');
  write(project, document(2));
  const other = await runCommand(project, ['run', 'pipeline.yaml', '--run-id', 'one']);
  expect(other.code).toBe(2);
  expect(other.stderr).toMatch(/^error RunIdInUse/m);
  write(project, `# Only a comment is new.\n${document().replaceAll('  - {', '\n  - {')}`);
  const same = await runCommand(project, ['run', 'pipeline.yaml', '--run-id', 'one', '--json']);
  expect(same.code).toBe(0);
  expect(JSON.parse(same.stdout)).toMatchObject({ status: 'succeeded', values: { last: 11 } });
});

test('a document with errors starts nothing, and all that is wrong is told', async () => {
  const project = makeProject();
  write(project, document(1, 'wiat').replace('positive', 'negative'));
  const { code, stderr } = await runCommand(project, ['run', 'pipeline.yaml']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/pipeline\.yaml:6:41: error UnknownCallable: .*did you mean "wait"/);
  expect(stderr).toMatch(/pipeline\.yaml:7:55: error UnknownCallable/);
  expect(existsSync(path.join(project, '.selvage'))).toBe(false);
});

test('dev starts the worker anew when the document changes, and tells of errors in it', async () => {
  const project = makeProject();
  const command = new Command(project, ['dev', 'pipeline.yaml', '--no-ui']);
  await command.hasWritten(/pipeline on task queue/);
  write(project, document(1, 'wiat'));
  await command.hasWritten(/error UnknownCallable/);
  write(project, document(7));
  await command.hasWritten(/pipeline on task queue[\s\S]*pipeline on task queue/);
  command.signal('SIGINT');
  await command.finished;
});
