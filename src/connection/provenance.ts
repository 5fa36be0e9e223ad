import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';

const GIT_LIMIT_MS = 2_000;

/** Environment variables of CI systems, tried in this order. */
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

/** The user who starts a run: `SELVAGE_ACTOR`, else the user of the CI system, else of the system; null if unknown. */
export function currentActor(environment: NodeJS.ProcessEnv = process.env): string | null {
  const said = first(environment, ['SELVAGE_ACTOR', ...CI_ACTORS]);
  return said ?? (user ??= nameOfUser()).name;
}

/** Caches the user, as each run asks for it. */
let user: { readonly name: string | null } | undefined;

function nameOfUser(): { readonly name: string | null } {
  try {
    return { name: userInfo().username };
  } catch {
    // A container may run under a user id without a name.
    return { name: null };
  }
}

/** The commit of the CI job, else of the git checkout in `folder`; null if there is none. Cached for some seconds. */
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

/** Starting a process costs as much as everything else that a client does for a run. */
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
    // There is no git, no checkout, or no commit in the checkout.
    return null;
  }
}

function first(environment: NodeJS.ProcessEnv, names: readonly string[]): string | undefined {
  for (const name of names) if (environment[name]) return environment[name];
  return undefined;
}
