import { CommanderError } from 'commander';
import { EXIT } from './exit-codes';
import type { Output } from './output';
import { createProgram } from './program';
import { reportError } from './report-error';

/** Runs one command and answers its exit code. Never rejects: an error ends as a line on stderr. */
export async function runCommandLine(argv: readonly string[], output: Output): Promise<number> {
  // Known before the arguments are parsed, so that a mistake in them is reported as asked.
  output.configure({ json: asksFor('--json', argv), verbose: asksFor('--verbose', argv) });
  let code: number = EXIT.ok;
  try {
    await createProgram(output, (answer) => (code = answer)).parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    // Commander has written the message itself; help and version come this way, too, with 0.
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.ok;
      const message = error.message.replace(/^error: /, '');
      if (output.json) output.document({ error: { code: 'Usage', message } });
      return EXIT.usage;
    }
    return reportError(error, output);
  } finally {
    output.endLive();
  }
}

export function asksFor(option: '--json' | '--verbose', argv: readonly string[]): boolean {
  return (argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv).includes(option);
}
