import path from 'node:path';
import { locateBackends } from '../backends';
import { ownCommand, shellLine } from './own-command';

/** Where the lineage of a run is, and the command that asks for it. */
export function lineagePlace(
  runId: string,
  projectDir: string | undefined,
): { readonly place: string; readonly command: string } {
  const { history } = locateBackends({ ...(projectDir !== undefined && { projectDir }) });
  const elsewhere =
    projectDir === undefined || path.resolve(projectDir) === process.cwd()
      ? []
      : ['--project-dir', projectDir];
  return {
    place: history.shown,
    command: `${ownCommand()} ${shellLine(['lineage', '--run', runId, ...elsewhere])}`,
  };
}
