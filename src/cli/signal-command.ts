import { commandLine } from './own-command';

/** What stands for the payload in a command that is shown. */
const PAYLOAD = 'JSON';

/**
 * The command that sends a run the signal that it waits for; its payload is for the reader to fill in.
 *
 * @param elsewhere the words that say which server and folder are meant
 */
export function signalCommand(runId: string, signal: string, elsewhere: readonly string[]): string {
  return commandLine(['signal', runId, signal, PAYLOAD, ...elsewhere]);
}
