import type { Command } from 'commander';
import type { Does } from '../options/does';
import { addAll, type Options } from '../options/option';
import type { Output } from '../output/output';

interface Verb<Given extends unknown[]> {
  /** Name of the verb; if omitted, the given command is the verb. */
  readonly name?: string;
  readonly summary?: string;
  readonly description: string;
  /** The arguments with their descriptions, in order. */
  readonly arguments?: Readonly<Record<string, string>>;
  readonly options: Options;
  /** Exit codes and examples. */
  readonly after: string;
  /** The verb's work, which gets the arguments, the options and the output, and returns the exit code. */
  readonly work: (...given: [...Given, Output]) => Promise<number>;
}

/** A hand-written verb, to be added to a program or to another verb. */
export function verb<Given extends unknown[]>({
  name,
  summary,
  description,
  arguments: places = {},
  options,
  after,
  work,
}: Verb<Given>): (parent: Command, does: Does) => void {
  return (parent, does) => {
    const command = name === undefined ? parent : parent.command(name);
    if (summary !== undefined) command.summary(summary);
    for (const [place, text] of Object.entries(places)) command.argument(place, text);
    addAll(command.description(description), options).addHelpText('after', after).action(does(work));
  };
}
