import { Option, type Command } from 'commander';
import { kebab } from '../../operations/operation';

/** Makes the option of a given name: `dryRun` is `--dry-run`. */
export interface Declared<Value> {
  (name: string): Option;
  /** Carries the type of the value; it is never set. */
  readonly value?: () => Value;
}

export type Options = Readonly<Record<string, Declared<unknown>>>;

export type Chosen<All extends Options> = {
  readonly [Name in keyof All]: All[Name] extends Declared<infer Value> ? Value : never;
};

interface Details<Value, Default> {
  /** Such as `-o`. */
  readonly short?: string;
  /** If omitted, the option's value is the text itself. */
  readonly read?: (text: string, before?: Value) => Value;
  readonly choices?: readonly Value[];
  readonly default?: Default;
  /** Names of options that exclude this option. */
  readonly conflicts?: string | string[];
}

export function flag(
  description: string,
  { conflicts = [] }: Pick<Details<never, never>, 'conflicts'> = {},
): Declared<boolean | undefined> {
  return (name) => new Option(`--${kebab(name)}`, description).conflicts(conflicts);
}

/** An option whose value is true, unless `--no-NAME` is given. */
export function unless(description: string): Declared<boolean> {
  return (name) => new Option(`--no-${kebab(name)}`, description);
}

export function valued<Value = string, Default extends Value | undefined = undefined>(
  placeholder: string,
  description: string,
  { short, read, choices, default: byDefault, conflicts = [] }: Details<Value, Default> = {},
): Declared<Value | Default> {
  return (name) => {
    const flags = [...(short ? [short] : []), `--${kebab(name)} ${placeholder}`];
    const option = new Option(flags.join(', '), description).conflicts(conflicts).default(byDefault);
    if (choices) option.choices(choices as readonly string[]);
    return read ? option.argParser(read) : option;
  };
}

export function required(...given: Parameters<typeof valued<string>>): Declared<string> {
  return (name) => valued(...given)(name).makeOptionMandatory();
}

export function addAll(command: Command, options: Options): Command {
  for (const [name, make] of Object.entries(options)) command.addOption(make(name));
  return command;
}
