import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { barePackage, makeBareProject } from '../support/bare-install';
import { removeProjects } from '../integration/server/projects';

afterAll(removeProjects);

const manifest = JSON.parse(readFileSync(path.resolve(__dirname, '../../package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly peerDependenciesMeta: Readonly<Record<string, unknown>>;
};
const NO_REQUIRE_OF_ES = '--no-experimental-require-module';
const subpaths = Object.keys(manifest.exports).map((name) => `selvage${name.slice(1)}`);

test('nothing that is optional is installed', () => {
  const optional = Object.keys(manifest.peerDependenciesMeta);
  expect(optional.length).toBeGreaterThan(10);
  expect(optional.filter((name) => existsSync(path.join(barePackage(), '..', name)))).toEqual([]);
});

test.each([
  ['required', 'all.cjs', subpaths, (name: string) => `require('${name}')`],
  [
    'imported',
    'all.mjs',
    subpaths.filter((name) => !name.endsWith('.json')),
    (name: string) => `await import('${name}')`,
  ],
])('every subpath can be %s', (_, file, names, load) => {
  const lines = names.map((name) => `console.log('${name}', Object.keys(${load(name)}).length > 0);`);
  const project = makeBareProject({ [file]: lines.join('\n') });
  // Node 20.3 to 20.18 cannot require what is an ES module only.
  const flags = process.allowedNodeEnvironmentFlags.has(NO_REQUIRE_OF_ES) ? [NO_REQUIRE_OF_ES] : [];
  const text = execFileSync(process.execPath, [...flags, file], { cwd: project, encoding: 'utf8' });
  expect(text.trim().split('\n')).toEqual(names.map((name) => `${name} true`));
});
