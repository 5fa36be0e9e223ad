import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { missing } from './missing-tool';

const ROOT = path.resolve(__dirname, '../..');

/** Why a commit is not available here (a shallow clone, or none), which is reported; undefined if it is. */
export function lacksCommit(commit: string): string | undefined {
  return missing(`Commit ${commit} (the clone is shallow, or none)`, () => {
    execFileSync('git', ['cat-file', '-e', `${commit}^{commit}`], { cwd: ROOT, stdio: 'ignore' });
  });
}

/** A file of the commit. */
export function fileAt(commit: string, file: string): string {
  return execFileSync('git', ['show', `${commit}:${file}`], { cwd: ROOT, encoding: 'utf8' });
}

/** The sources of the commit, with the present dependencies beside them. */
export function sourcesAt(commit: string, folder: string): string {
  const sources = path.join(folder, 'sources');
  mkdirSync(sources, { recursive: true });
  const archive = execFileSync('git', ['archive', commit], { cwd: ROOT, maxBuffer: 2 ** 30 });
  execFileSync('tar', ['-x'], { cwd: sources, input: archive });
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(sources, 'node_modules'), 'dir');
  return sources;
}

/** Builds, packs and unpacks the commit's package, as for publishing, but for its types. Returns its folder. */
export function packageAt(commit: string, folder: string): string {
  const sources = sourcesAt(commit, folder);
  // The commit's types were checked in their time: to check and to write them takes most of a build.
  const file = path.join(sources, 'tsconfig.build.json');
  const settings = JSON.parse(readFileSync(file, 'utf8')) as { compilerOptions: object };
  Object.assign(settings.compilerOptions, { noCheck: true, declaration: false, declarationMap: false });
  writeFileSync(file, JSON.stringify(settings));
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: sources, stdio: 'pipe' });
  const { version } = JSON.parse(fileAt(commit, 'package.json')) as { version: string };
  execFileSync('tar', ['-xzf', `selvage-${version}.tgz`], { cwd: folder });
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'), 'dir');
  return path.join(folder, 'package');
}
