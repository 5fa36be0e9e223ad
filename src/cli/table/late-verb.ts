import type { Command } from 'commander';
import { sentence } from '../../operations/operation';
import type { Does } from '../options/does';

/** Adds options and work to a command, or the commands below it. */
export type Complete = (command: Command, does: Does) => void;

const loaders = new WeakMap<Command, () => Promise<void>>();

/** A verb whose modules are not loaded yet. */
export interface LateVerb {
  readonly verb: string;
  readonly summary: string;
  /** An example, for a verb with other verbs below it. */
  readonly example?: string;
  readonly load: () => Promise<Complete>;
}

/** Adds a verb that is loaded when it is called: its modules would slow down all other verbs. */
export function addLateVerb(program: Command, does: Does, { verb, summary, example, load }: LateVerb): void {
  const command = program.command(verb).summary(summary).description(sentence(summary));
  if (example !== undefined) command.addHelpText('after', `\nExample:\n  $ ${example}`);
  loaders.set(command, async () => (await load())(command, does));
}

/** Loads a late verb that is about to be parsed. */
export async function complete(command: Command): Promise<void> {
  const load = loaders.get(command);
  loaders.delete(command);
  await load?.();
}
