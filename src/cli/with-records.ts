import { existsSync } from 'node:fs';
import { locateBackends, openBackends } from '../backends';
import { SelvageError } from '../errors';
import type { Backends } from '../protocols';

/** Opens the backends of a project for questions that need no server, and closes them whatever comes of the work. */
export async function withRecords(
  options: { readonly projectDir?: string },
  work: (backends: Backends) => Promise<number>,
): Promise<number> {
  const projectDir = options.projectDir ?? process.cwd();
  requireHistory(projectDir);
  const backends = await openBackends({ projectDir });
  try {
    return await work(backends);
  } finally {
    await backends.close();
  }
}

/** A question must not make a database. */
function requireHistory(projectDir: string): void {
  const { history } = locateBackends({ projectDir });
  if (history.path === undefined || existsSync(history.path)) return;
  throw new SelvageError(
    'FileNotFound',
    `There is no run history at ${history.path} yet. Run something in this folder, or name another with --project-dir.`,
    { details: { file: history.path } },
  );
}
