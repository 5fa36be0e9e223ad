import { openBackends } from '../backends';
import { projectFolder } from '../project-folder';
import type { Backends } from '../protocols';
import { requireHistory } from './require-project';

/** Opens the backends of a project for questions that need no server, and closes them whatever comes of the work. */
export async function withRecords(
  options: { readonly projectDir?: string },
  work: (backends: Backends) => Promise<number>,
): Promise<number> {
  requireHistory(options);
  const backends = await openBackends({ projectDir: projectFolder(options.projectDir) });
  try {
    return await work(backends);
  } finally {
    await backends.close();
  }
}
