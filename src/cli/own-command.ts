import path from 'node:path';

/** How this command line was called, so that what it tells the user to type works: `selvage` or `npx selvage`. */
export function ownCommand(
  program: string = process.argv[1] ?? '',
  environment: NodeJS.ProcessEnv = process.env,
): string {
  const isInstalledCommand = path.basename(program, '.cmd') === 'selvage' && !environment['npm_execpath'];
  return isInstalledCommand ? 'selvage' : 'npx selvage';
}

/** What a user types to call this command line with these words. */
export function commandLine(words: readonly string[]): string {
  return `${ownCommand()} ${shellLine(words)}`;
}

/** A command line that a shell takes apart into these words again. */
export function shellLine(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}
