import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(__dirname, '../../..');
const thisFile = path.relative(root, __filename);

/** Files that git tracks or would track: what another person gets. */
function repositoryFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
  });
  const names = listed.toString('utf8').split('\0').filter(Boolean);
  // A file that is deleted but not yet committed is still listed.
  return names.filter((name) => name !== thisFile && existsSync(path.join(root, name)));
}

const inCheckout = existsSync(path.join(root, '.git'));

/** What tells where somebody worked, or which mirror they used, and would not be true for anybody else. */
const privateWords: [string, RegExp][] = [
  ['a home folder', /(?<![\w.~/-])\/(?:root|home\/[a-z][\w-]*|Users\/[A-Za-z][\w-]*)\//],
  ['a private working folder', /(?<![\w.~/$}-])\/(?:work|workspace|mnt\/data)\//],
  ['a package from one registry', /"resolved":/],
  [
    'a private registry',
    /https?:\/\/[^\s/"']*(?:nexus|artifactory|verdaccio|npm-proxy|registry)[^\s/"']*(?::\d+)?\//i,
  ],
];

(inCheckout ? describe : describe.skip)('files of the repository', () => {
  const files = repositoryFiles();

  test('are found', () => {
    expect(files).toContain('package.json');
    expect(files).toContain('package-lock.json');
  });

  test.each(privateWords)('do not contain %s', (_what, pattern) => {
    const found = files.flatMap((name) => {
      const text = readFileSync(path.join(root, name)).toString('latin1');
      return text
        .split('\n')
        .flatMap((line, index) =>
          pattern.test(line) ? [`${name}:${index + 1}: ${line.slice(0, 160)}`] : [],
        );
    });
    expect(found).toEqual([]);
  });

  test.each([
    ['a home folder', "open('/root/x/y')"],
    ['a home folder', '"/home/jane/project/file"'],
    ['a private working folder', 'cd /work/project'],
    ['a package from one registry', '"resolved": "https://example.org/a.tgz"'],
    ['a private registry', 'https://nexus.example.org/repository/npm/'],
  ])('would be caught: %s in %s', (what, line) => {
    expect(privateWords.filter(([name, pattern]) => name === what && pattern.test(line))).toHaveLength(1);
  });
});
