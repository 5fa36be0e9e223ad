import { commandLine } from './own-command';

/** The command that was given, with the cursor of the next page. */
export function nextPage(cursor: string, words: readonly string[] = process.argv.slice(2)): string {
  const at = words.indexOf('--cursor');
  const rest = at < 0 ? words : [...words.slice(0, at), ...words.slice(at + 2)];
  return commandLine([...rest, '--cursor', cursor]);
}
