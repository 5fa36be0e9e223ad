import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';

const GIT_LIMIT_MS = 2_000;

/** In the order in which they are asked: who a CI system says that it works for. */
const CI_ACTORS = [
  'GITHUB_ACTOR',
  'GITLAB_USER_LOGIN',
  'BUILDKITE_BUILD_CREATOR',
  'CIRCLE_USERNAME',
  'BUILD_REQUESTEDFOR',
] as const;
const CI_COMMITS = [
  'GITHUB_SHA',
  'CI_COMMIT_SHA',
  'BUILDKITE_COMMIT',
  'CIRCLE_SHA1',
  'BUILD_SOURCEVERSION',
  'GIT_COMMIT',
] as const;

/** Who starts a run: `SELVAGE_ACTOR`, else the CI system's user, else the user of the operating system; null if nobody can be named. */
export function currentActor(environment: NodeJS.ProcessEnv = process.env): string | null {
  const said = first(environment, ['SELVAGE_ACTOR', ...CI_ACTORS]);
  if (said) return said;
  try {
    return userInfo().username;
  } catch {
    // A container may run under a user id that has no name.
    return null;
  }
}

/**
 * The commit of the code that starts a run: as CI says, else of the git checkout in `folder`; null outside of one. Git is asked again
 * after some seconds only.
 */
export async function currentCommit(
  folder: string = process.cwd(),
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string | null> {
  const said = first(environment, CI_COMMITS);
  if (said) return said;
  const known = asked.get(folder);
  if (known && performance.now() - known.at < ASK_AGAIN_MS) return await known.commit;
  const commit = askGit(folder);
  asked.set(folder, { at: performance.now(), commit });
  return await commit;
}

/** To start a process costs as much as all else that a client does for a run. */
const ASK_AGAIN_MS = 5_000;
const asked = new Map<string, { readonly at: number; readonly commit: Promise<string | null> }>();

async function askGit(folder: string): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)('git', ['rev-parse', 'HEAD'], {
      cwd: folder,
      timeout: GIT_LIMIT_MS,
    });
    return stdout.trim() || null;
  } catch {
    // No git, no checkout, or no commit in it: the run has no commit to name.
    return null;
  }
}

function first(environment: NodeJS.ProcessEnv, names: readonly string[]): string | undefined {
  for (const name of names) if (environment[name]) return environment[name];
  return undefined;
}
