import { CommanderError } from 'commander';
import { docsOf } from '../errors';
import { EXIT } from './output/exit-codes';
import type { Output } from './output/output';
import { createProgram } from './program';
import { reportError } from './output/report-error';

/** Returns the exit code. Never rejects: an error becomes a line on stderr. */
export async function runCommandLine(argv: readonly string[], output: Output): Promise<number> {
  // The form of the output is read before parsing, since mistakes in the arguments must be reported in it.
  output.configure({ json: asksFor('--json', argv), verbose: asksFor('--verbose', argv) });
  let code: number = EXIT.ok;
  try {
    // Commander's own `help` would show a late verb without its options.
    const words = argv[0] === 'help' ? [...argv.slice(1), '--help'] : [...argv];
    await createProgram(output, (answer) => (code = answer), words.includes('--all')).parseAsync(words, {
      from: 'user',
    });
    return code;
  } catch (error) {
    // Commander has written the error's message already. Help and version arrive here as errors with code 0.
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.ok;
      const message = error.message.replace(/^error: /, '');
      if (output.json) output.document({ error: { code: 'Usage', message, docs: docsOf('Usage') } });
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
