import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { inspectEmbeddedServer } from '../../../src/server';
import { makeCommandProject, runWarm } from '../../support/command-line';
import { makeProject, removeProjects } from '../server/projects';
import { PIPELINES } from './pipelines';

let project: string;
let subfolder: string;
const QUICKSTART = ['--tapestry', 'quickstart', '--param', 'x=5'];

beforeAll(async () => {
  project = makeCommandProject({ 'pipeline.ts': PIPELINES });
  subfolder = path.join(project, 'a', 'b');
  mkdirSync(subfolder, { recursive: true });
  const { code } = await runWarm(project, ['run', 'pipeline.ts', ...QUICKSTART, '--run-id', 'above']);
  expect(code).toBe(0);
});
afterAll(removeProjects);

test('in a subfolder, commands work with the project above it, and leave the subfolder as it was', async () => {
  const { address } = inspectEmbeddedServer(project);
  const listed = await runWarm(subfolder, ['runs', 'list']);
  expect(listed.stdout).toMatch(/^above +quickstart +succeeded/m);
  expect(listed.stdout).toContain(`Temporal embedded server ${address},`);
  expect((await runWarm(subfolder, ['runs', 'show', 'above'])).stdout).toMatch(/^ {2}answer {2}15$/m);
  expect((await runWarm(subfolder, ['lineage', '--run', 'above'])).stdout).toMatch(/^answer {2}ok/m);
  const ran = await runWarm(subfolder, ['run', '../../pipeline.ts', ...QUICKSTART, '--run-id', 'below']);
  expect(ran.stdout).toContain(`Lineage  ${path.join(project, '.selvage', 'selvage.db')}`);
  expect((await runWarm(project, ['runs', 'list'])).stdout).toMatch(/^below +quickstart +succeeded/m);
  expect(readdirSync(subfolder)).toEqual([]);
});

test('--project-dir goes before the search', async () => {
  const elsewhere = makeProject();
  const here = await runWarm(elsewhere, ['runs', 'list', '--project-dir', project]);
  expect(here.stdout).toMatch(/^above +quickstart/m);
  const shown = await runWarm(elsewhere, ['runs', 'show', 'above', '--project-dir', project]);
  expect(shown.stdout).toContain(`lineage --run above --project-dir ${project}`);
  const own = await runWarm(subfolder, ['runs', 'list', '--project-dir', '.']);
  expect(own.stderr).toMatch(
    /^error FileNotFound: No run is on record here: .*\/a\/b does not have a \.selvage/,
  );
  expect(readdirSync(elsewhere)).toEqual([]);
});

test.each([
  ['runs', 'list'],
  ['runs', 'show', 'x'],
  ['runs', 'cancel', 'x'],
  ['resume', 'x'],
  ['signal', 'x', 'go'],
  ['replay', 'x'],
  ['gc'],
  ['prune', '--older-than', '90d'],
  ['waiting'],
  ['versions'],
  ['bulk', 'cancel', '--all'],
  ['lineage', '--run', 'x'],
])('where nothing has run, `%s %s` starts no server and makes no folder', async (...args) => {
  const folder = makeProject();
  const { code, stdout, stderr } = await runWarm(folder, args);
  expect(stderr).toMatch(
    /^error FileNotFound: No run is on record here: neither .* has a \.selvage\..*--project-dir\.$/m,
  );
  expect(stdout).toBe('');
  expect(code).toBe(2);
  expect(readdirSync(folder)).toEqual([]);
});

test('the first run makes the folder where it is called, in a repository of its own', async () => {
  const repository = path.join(project, 'repository');
  mkdirSync(path.join(repository, '.git'), { recursive: true });
  const { code } = await runWarm(repository, ['runs', 'list']);
  expect(code).toBe(2);
  expect(existsSync(path.join(repository, '.selvage'))).toBe(false);
  expect(readFileSync(path.join(project, '.selvage', '.gitignore'), 'utf8')).toBe('*\n');
});
