import { SelvageError } from '../../errors';
import { askAtTerminal } from '../../node/terminal';

/**
 * @param otherwise advice without a terminal, such as `add --yes`
 * @throws SelvageError `Usage` without a terminal
 */
export async function isConfirmed(question: string, otherwise: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new SelvageError('Usage', `${question} Nobody is here to answer: ${otherwise}.`);
  return /^y(es)?$/i.test((await askAtTerminal(`${question} [y/N] `)).trim());
}
