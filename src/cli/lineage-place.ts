import { locateBackends } from '../backends';
import { commandLine } from './own-command';

/**
 * Where the lineage of a run is, and the command that asks for it.
 *
 * @param projectDir the folder that the command works in
 * @param said `--project-dir`, which the next command needs again
 */
export function lineagePlace(
  runId: string,
  projectDir: string,
  said: string | undefined,
): { readonly place: string; readonly command: string } {
  const { history } = locateBackends({ projectDir });
  const elsewhere = said === undefined ? [] : ['--project-dir', said];
  return {
    place: history.shown,
    command: commandLine(['lineage', '--run', runId, ...elsewhere]),
  };
}
