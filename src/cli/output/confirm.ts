import { SelvageError } from '../../errors';
import { askAtTerminal } from '../../terminal';

/**
 * Asks at the terminal.
 *
 * @param otherwise what to do if nobody is there, such as `add --yes`
 * @throws SelvageError `Usage` if nobody is there
 */
export async function isConfirmed(question: string, otherwise: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new SelvageError('Usage', `${question} Nobody is here to answer: ${otherwise}.`);
  return /^y(es)?$/i.test((await askAtTerminal(`${question} [y/N] `)).trim());
}
