import path from 'node:path';
import { debugWords } from '../../visualisation/failures';
import { shellLine } from '../../values/shell-line';
import type { Output } from './output';

/** `selvage` or `npx selvage`, as this command was called: suggested commands must work when typed. */
export function ownCommand(
  program: string = process.argv[1] ?? '',
  environment: NodeJS.ProcessEnv = process.env,
): string {
  const isInstalledCommand =
    path.basename(program, '.cmd') === 'selvage' && !isBehindPackageManager(environment);
  return isInstalledCommand ? 'selvage' : 'npx selvage';
}

/** Whether npm, npx, pnpm, yarn or bun has started this process, directly or indirectly. */
export function isBehindPackageManager(environment: NodeJS.ProcessEnv): boolean {
  return Boolean(environment['npm_execpath'] ?? environment['npm_config_user_agent']);
}

/** The current command without a package manager or shell, which would keep signals away from it. */
export function directCommand(): string {
  return `node ${shellLine([shownPath(process.argv[1] ?? ''), ...process.argv.slice(2)])}`;
}

export function commandLine(words: readonly string[]): string {
  return `${ownCommand()} ${shellLine(words)}`;
}

/** A path in a command, relative if it lies below the working directory. */
export function shownPath(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith('..') ? file : relative;
}

/** Stands for an unknown file in a suggested command. */
export const FILE = 'FILE';

/**
 * Resumes a finished run.
 *
 * @param file exports its tapestry
 * @param elsewhere the options that name the server and folder
 */
export function resumeCommand(runId: string, file: string, elsewhere: readonly string[]): string {
  return commandLine(['resume', runId, file, ...elsewhere]);
}

/** Runs a knot again on the inputs that it had. @param run its id, or a capsule */
export function debugCommand(run: string, file: string, knot: string, elsewhere: readonly string[]): string {
  return commandLine([...debugWords(run, file, knot), ...elsewhere]);
}

/** The payload in a suggested command, for the reader to fill in. */
const PAYLOAD = 'JSON';

/** @param elsewhere the options that name the server and folder */
export function signalCommand(runId: string, signal: string, elsewhere: readonly string[]): string {
  return commandLine(['signal', runId, signal, PAYLOAD, ...elsewhere]);
}

/** The hint below a page that is not the last. */
export function nextPageLines(cursor: string | undefined, output: Output): string[] {
  return cursor === undefined ? [] : ['', output.dim(`There are more: ${nextPage(cursor)}`)];
}

/** The current command with the cursor of the next page. */
export function nextPage(cursor: string, words: readonly string[] = process.argv.slice(2)): string {
  const at = words.indexOf('--cursor');
  const rest = at < 0 ? words : [...words.slice(0, at), ...words.slice(at + 2)];
  return commandLine([...rest, '--cursor', cursor]);
}
