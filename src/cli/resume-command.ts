import { commandLine } from './own-command';

/** What stands for the file of a run in a command that is shown, where that is not known. */
export const FILE = 'FILE';

/**
 * The command that goes on from a run that is over.
 *
 * @param file exports its tapestry
 * @param elsewhere the words that say which server and folder are meant
 */
export function resumeCommand(runId: string, file: string, elsewhere: readonly string[]): string {
  return commandLine(['resume', runId, file, ...elsewhere]);
}
