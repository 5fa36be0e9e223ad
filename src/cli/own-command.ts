import path from 'node:path';

/** How this command line was called, so that what it tells the user to type works: `selvage` or `npx selvage`. */
export function ownCommand(
  program: string = process.argv[1] ?? '',
  environment: NodeJS.ProcessEnv = process.env,
): string {
  const isInstalledCommand = path.basename(program, '.cmd') === 'selvage' && !environment['npm_execpath'];
  return isInstalledCommand ? 'selvage' : 'npx selvage';
}

/** A command line that a shell takes apart into these words again. */
export function shellLine(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}
