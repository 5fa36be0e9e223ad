import type { Command } from 'commander';
import { sentence } from '../../operations/operation';
import type { Does } from '../options/does';

/** Gives a command its options and its work, or the commands below it. */
export type Complete = (command: Command, does: Does) => void;

const loaders = new WeakMap<Command, () => Promise<void>>();

/** What is known of a verb before it is called. */
export interface LateVerb {
  readonly verb: string;
  readonly summary: string;
  /** If other verbs are below it. */
  readonly example?: string;
  readonly load: () => Promise<Complete>;
}

/** Adds a verb of which only the name and the summary are known until it is called: what it needs would slow every other one down. */
export function addLateVerb(program: Command, does: Does, { verb, summary, example, load }: LateVerb): void {
  const command = program.command(verb).summary(summary).description(sentence(summary));
  if (example !== undefined) command.addHelpText('after', `\nExample:\n  $ ${example}`);
  loaders.set(command, async () => (await load())(command, does));
}

/** Loads a verb that is about to be parsed, if that was left for later. */
export async function complete(command: Command): Promise<void> {
  const load = loaders.get(command);
  loaders.delete(command);
  await load?.();
}
