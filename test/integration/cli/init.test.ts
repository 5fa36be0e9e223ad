import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { TEMPLATES } from '../../../src/cli/verbs/init';
import { makeCommandProject, ownEnvironment, runWarm } from '../../support/command-line';
import { makeProject, removeProjects } from '../server/projects';

const ROOT = path.resolve(__dirname, '../../..');
const PASSED = /^# pass [1-9]|ℹ pass [1-9]/m;
const WRITTEN = ['package.json', 'pipeline.test.ts', 'pipeline.ts', 'tsconfig.json'];

afterAll(removeProjects);

/** As `npm install` would, with what is here. */
function install(folder: string): void {
  const modules = path.join(folder, 'node_modules');
  mkdirSync(path.join(modules, '.bin'), { recursive: true });
  symlinkSync(ROOT, path.join(modules, 'selvage'), 'dir');
  for (const name of ['zod', 'tsx', 'typescript', '@types'])
    symlinkSync(path.join(ROOT, 'node_modules', name), path.join(modules, name), 'dir');
  for (const name of ['tsx', 'tsc'])
    symlinkSync(path.join(ROOT, 'node_modules', '.bin', name), path.join(modules, '.bin', name));
  const main = path.join(ROOT, 'lib/cli/main.js');
  writeFileSync(path.join(modules, '.bin', 'selvage'), `#!/bin/sh\nexec node '${main}' "$@"\n`, {
    mode: 0o755,
  });
}

async function shell(command: string, folder: string): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)('sh', ['-ec', command], {
    cwd: folder,
    env: { ...ownEnvironment(), NO_COLOR: '1' },
  });
  return stdout + stderr;
}

test.each(Object.keys(TEMPLATES))(
  'what init writes of the template "%s" compiles, and the commands that it names work at once',
  async (template) => {
    const project = makeProject();
    const { code, stdout } = await runWarm(project, ['init', 'my pipeline', '--template', template]);
    expect(code).toBe(0);
    const folder = path.join(project, 'my pipeline');
    const { pipeline = 'pipeline.ts', files = [] } = TEMPLATES[template]!;
    expect(readdirSync(folder).sort()).toEqual(
      [...WRITTEN.filter((name) => name !== 'pipeline.ts'), pipeline, ...files].sort(),
    );
    install(folder);
    const commands = stdout
      .slice(stdout.indexOf('Next:\n') + 6)
      .trim()
      .split(/\n */);
    expect(commands).toEqual(["cd 'my pipeline'", 'npm install', 'npm test', 'npm start']);
    const [go, , ...others] = commands;
    const said: string[] = [];
    for (const command of [...others, 'npm run types']) said.push(await shell(`${go}\n${command}`, project));
    expect(said[0]).toMatch(PASSED);
    expect(said[1]).toMatch(/^Run .* succeeded in |^Run nightly-/m);
  },
);

test('it works in a package of ES modules, too', async () => {
  const project = makeProject();
  writeFileSync(path.join(project, 'package.json'), JSON.stringify({ type: 'module' }));
  expect((await runWarm(project, ['init'])).code).toBe(0);
  install(project);
  expect(await shell('npm test && npm run types', project)).toMatch(PASSED);
  expect(await shell('npm start', project)).toContain('Hello, Ada.');
});

test('without arguments it writes the first template where it is called', async () => {
  const project = makeProject();
  const { stdout } = await runWarm(project, ['init', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({
    template: 'first',
    files: ['pipeline.ts', 'pipeline.test.ts', 'tsconfig.json', 'package.json'],
    commands: ['npm install', 'npm test', 'npm start'],
  });
  expect(readdirSync(project).sort()).toEqual(WRITTEN);
});

test('nothing that exists is overwritten, and it is named', async () => {
  const project = makeCommandProject({ 'pipeline.ts': 'mine', 'tsconfig.json': '{}' });
  const { code, stderr } = await runWarm(project, ['init']);
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^error Usage: There are pipeline\.ts, tsconfig\.json in .* already.*Nothing was written/m,
  );
  expect(readFileSync(path.join(project, 'pipeline.ts'), 'utf8')).toBe('mine');
  expect(readdirSync(project).sort()).toEqual(['node_modules', 'pipeline.ts', 'tsconfig.json']);
});

test('a package.json that exists gets what it lacks, and keeps what it has', async () => {
  const project = makeProject();
  const manifest = path.join(project, 'package.json');
  const own = {
    name: 'mine',
    scripts: { test: 'echo "Error: no test specified" && exit 1', build: 'make' },
    dependencies: { selvage: 'file:../selvage' },
  };
  writeFileSync(manifest, JSON.stringify(own));
  const { code, stdout } = await runWarm(project, ['init']);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^package\.json has more: scripts start, dev, test, types; dependencies zod; devDependencies/m,
  );
  expect(JSON.parse(readFileSync(manifest, 'utf8'))).toMatchObject({
    name: 'mine',
    scripts: { build: 'make', test: 'tsx --test pipeline.test.ts' },
    dependencies: { selvage: 'file:../selvage' },
  });

  const other = makeProject();
  const text = JSON.stringify({ scripts: { start: 'node .' } });
  writeFileSync(path.join(other, 'package.json'), text);
  const refusal = await runWarm(other, ['init']);
  expect(refusal.code).toBe(2);
  expect(refusal.stderr).toMatch(/package\.json has other scripts "start"/);
  expect(readFileSync(path.join(other, 'package.json'), 'utf8')).toBe(text);
  expect(readdirSync(other)).toEqual(['package.json']);
});

test('a template that there is not is refused with those that there are', async () => {
  const { code, stderr } = await runWarm(makeProject(), ['init', '--template', 'nothing']);
  expect(code).toBe(2);
  expect(stderr).toContain('first, map, nightly');
});
