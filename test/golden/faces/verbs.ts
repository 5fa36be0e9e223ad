import type { Command } from 'commander';
import { wholeProgram } from '../../support/whole-program';

/** The verbs with all that they need, such as `runs show`; with groups, such as `runs`, where these are wanted. */
export async function verbs({ groups = false } = {}): Promise<Map<string, Command>> {
  const found = new Map<string, Command>();
  const visit = (command: Command, above: readonly string[]): void => {
    for (const one of command.commands) {
      const words = [...above, one.name()];
      if (groups || one.commands.length === 0) found.set(words.join(' '), one);
      visit(one, words);
    }
  };
  visit(await wholeProgram(), []);
  return found;
}
