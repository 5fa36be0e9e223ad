import { existsSync } from 'node:fs';
import { locateBackends } from '../backends';
import { chosenServer } from '../client/server-address';
import { SelvageError } from '../errors';
import { isProject, projectFolder } from '../project-folder';
import type { ServerOptions } from './server-options';

type ProjectOptions = Pick<ServerOptions, 'projectDir'>;

/**
 * Makes sure that there is something to ask before an embedded server is started for it, and a folder made.
 *
 * @throws SelvageError `FileNotFound`
 */
export function requireProject(options: ServerOptions): void {
  if (chosenServer(options)) return;
  const folder = projectFolder(options.projectDir);
  if (!isProject(folder)) throw noProject(folder, options);
}

/**
 * Makes sure that there is a run history, so that a question does not make one.
 *
 * @throws SelvageError `FileNotFound`
 */
export function requireHistory(options: ProjectOptions): void {
  const folder = projectFolder(options.projectDir);
  const { history } = locateBackends({ projectDir: folder });
  if (history.path === undefined || existsSync(history.path)) return;
  if (history.variable === undefined && !isProject(folder)) throw noProject(folder, options);
  throw new SelvageError(
    'FileNotFound',
    `There is no run history at ${history.path} yet. Run something in this project, or name another with --project-dir.`,
    { details: { file: history.path } },
  );
}

function noProject(folder: string, { projectDir }: ProjectOptions): SelvageError {
  const where =
    projectDir === undefined ? `neither ${folder} nor a folder above it has` : `${folder} does not have`;
  return new SelvageError(
    'FileNotFound',
    `No run is on record here: ${where} a .selvage. Go to the folder of your project, or name it with --project-dir.`,
    { details: { folder } },
  );
}
