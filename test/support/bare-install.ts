import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { makeProject } from '../integration/server/projects';

const ROOT = path.resolve(__dirname, '../..');

declare global {
  // Only `var` makes a property of globalThis.
  var selvageBareInstall: string | undefined;
}

/** Before the tests of `test/bare`: npm installs the packed package and its dependencies, but no optional ones. */
export default async function globalSetup(): Promise<void> {
  if (process.env['SELVAGE_TEST_BARE']) return;
  if (!existsSync(path.join(ROOT, 'lib', 'index.js')))
    throw new Error('lib is missing: run `npm run build` first.');
  const folder = mkdtempSync(path.join(tmpdir(), 'selvage-bare-'));
  globalThis.selvageBareInstall = folder;
  // A user does not have the settings of the npm that runs the tests.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  const npm = async (cwd: string, ...words: string[]): Promise<string> =>
    (await promisify(execFile)('npm', words, { cwd, env })).stdout.trim();
  const tarball = await npm(ROOT, 'pack', '--silent', '--ignore-scripts', '--pack-destination', folder);
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }');
  await npm(folder, 'install', '--prefer-offline', '--no-audit', '--no-fund', `./${tarball}`, 'zod');
  process.env['SELVAGE_TEST_BARE'] = folder;
}

/** The installed package. */
export const barePackage = (): string =>
  path.join(process.env['SELVAGE_TEST_BARE']!, 'node_modules', 'selvage');

/** A user's project with this installation, and with the examples as the pages tell to copy them. */
export function makeBareProject(files: Readonly<Record<string, string>> = {}): string {
  const project = makeProject();
  symlinkSync(path.dirname(barePackage()), path.join(project, 'node_modules'), 'dir');
  cpSync(path.join(barePackage(), 'examples'), path.join(project, 'examples'), { recursive: true });
  for (const [name, text] of Object.entries({ 'package.json': '{ "private": true }', ...files }))
    writeFileSync(path.join(project, name), text);
  return project;
}
