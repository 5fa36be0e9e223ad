import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import * as path from 'node:path';
import { currentActor, currentCommit } from '../../../src/connection/provenance';

describe('the actor', () => {
  test('is who the environment says, else the user of the CI system, else that of the operating system', () => {
    expect(currentActor({ SELVAGE_ACTOR: 'ada', GITHUB_ACTOR: 'octocat' })).toBe('ada');
    expect(currentActor({ GITHUB_ACTOR: 'octocat', CIRCLE_USERNAME: 'other' })).toBe('octocat');
    expect(currentActor({ GITLAB_USER_LOGIN: 'tanuki' })).toBe('tanuki');
    expect(currentActor({})).toBe(userInfo().username);
  });

  test('is not what is set to nothing', () => {
    expect(currentActor({ SELVAGE_ACTOR: '', GITHUB_ACTOR: '', BUILD_REQUESTEDFOR: 'azure' })).toBe('azure');
  });
});

describe('the commit', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'selvage-commit-'))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const git = (...words: string[]): string =>
    execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...words], {
      cwd: folder,
    }).toString();

  test('is what the CI system says', async () => {
    expect(await currentCommit(folder, { CI_COMMIT_SHA: 'abc' })).toBe('abc');
    expect(await currentCommit(folder, { GITHUB_SHA: 'def', GIT_COMMIT: 'other' })).toBe('def');
  });

  test('else that of the checkout', async () => {
    git('init', '--quiet');
    writeFileSync(path.join(folder, 'file'), '');
    git('add', '.');
    git('commit', '--quiet', '--message', 'first');
    expect(await currentCommit(folder, {})).toBe(git('rev-parse', 'HEAD').trim());
  });

  test('and in a checkout without any, none', async () => {
    git('init', '--quiet');
    expect(await currentCommit(folder, {})).toBeNull();
  });

  test('and outside of one, or in a folder that is not there, none', async () => {
    expect(await currentCommit(folder, {})).toBeNull();
    expect(await currentCommit(path.join(folder, 'nowhere'), {})).toBeNull();
  });
});
