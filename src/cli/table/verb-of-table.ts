import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import { z } from 'zod';
import { flagOf } from '../../operations/fields';
import { fromText, innerOf } from '../../operations/flat';
import { commandOf, kebab, sentence, type Operation } from '../../operations/operation';
import {
  addApiOption,
  addCapsuleOption,
  addParquetOption,
  addCommonOptions,
  addJsonOption,
  addServerOptions,
  collect,
} from '../options/server-options';
import { durationWords } from '../../values/duration';
import type { ServerOptions } from '../options/server-options';
import type { Output } from '../output/output';
import { shellLine } from '../output/typed-commands';
import { carryOut, type ExitCode, type Show } from './carry-out';
import type { Complete } from './late-verb';

/** The renderers of operations, by name. One without a renderer is no verb of the command line. */
type Shows<All extends readonly Operation[]> = {
  readonly [Name in All[number]['name']]?: Show<Extract<All[number], { readonly name: Name }>>;
};

/** Adds the verbs of one noun, made from its operations. */
export function verbsOf<All extends readonly Operation[]>(operations: All, shows: Shows<All>): Complete {
  return (noun, does) => {
    for (const [name, show] of Object.entries(shows)) {
      const operation = operations.find((one) => one.name === name)!;
      makeVerb(operation, show as Show<Operation>)(
        noun.command(commandOf(operation).split(' ').at(-1)!),
        does,
      );
    }
  };
}

/**
 * A verb that asks or does what one operation does: its arguments, options, help and JSON follow from it.
 *
 * @param exitCode of an answer. Default: 0
 */
export function makeVerb<One extends Operation>(
  operation: One,
  show: Show<One>,
  exitCode?: ExitCode<One>,
): Complete {
  return (command, does) => {
    const { summary, description = sentence(summary), at = [], needs = [], examples = [] } = operation;
    const shape = (operation.ask as z.ZodObject).shape as Readonly<Record<string, z.ZodType>>;
    command.summary(summary).description(description);
    for (const name of at) command.addArgument(argumentOf(name, shape[name]!));
    const options = Object.entries(shape)
      .filter(([name]) => !at.includes(name))
      .map(([name, field]) => [name, optionOf(name, field)] as const);
    for (const [, option] of options) command.addOption(option);
    if (operation.readsCapsules) addCapsuleOption(command);
    if (operation.readsParquet) addParquetOption(command);
    addJsonOption(command);
    if (operation.asksServer || needs.includes('server')) addServerOptions(command);
    else addCommonOptions(command);
    addApiOption(command);
    const lines = examples.map((example: Readonly<Record<string, unknown>>) => {
      const places = at.flatMap((name) => (name in example ? [wordOf(example[name])] : []));
      const flags = options.flatMap(([name, option]) =>
        name in example ? flagWords(option, example[name]) : [],
      );
      return `  $ ${shellLine([...wordsOf(command), ...places, ...flags])}`;
    });
    if (lines.length > 0)
      command.addHelpText('after', ['', `Example${lines.length > 1 ? 's' : ''}:`, ...lines].join('\n'));
    command.action(does(work));

    async function work(...given: [...unknown[], ServerOptions, Output]): Promise<number> {
      const [chosen, output] = given.slice(-2) as [ServerOptions & Record<string, unknown>, Output];
      const said = [
        ...at.map((name, place) => [name, given[place]] as const),
        ...options.map(([name, option]) => [name, valueOf(option, chosen)] as const),
      ].filter(([, value]) => value !== undefined);
      return await carryOut(
        operation,
        Object.fromEntries(said) as z.input<One['ask']>,
        show,
        chosen,
        output,
        exitCode,
      );
    }
  };
}

/** Commander keeps `--no-x` as false under the name of `--x`. */
function valueOf(option: Option, chosen: Readonly<Record<string, unknown>>): unknown {
  const value = chosen[option.attributeName()];
  return option.negate ? value === false : option.required && value === false ? undefined : value;
}

function argumentOf(name: string, field: z.ZodType): Argument {
  const words = field.safeParse(undefined).success ? `[${kebab(name)}]` : `<${kebab(name)}>`;
  return new Argument(words, flagOf(field).description).argParser((text) => read(field, text));
}

function optionOf(name: string, field: z.ZodType): Option {
  const inner = innerOf(field);
  const { description, flag = kebab(name), placeholder = kebab(name) } = flagOf(field);
  if (inner instanceof z.ZodBoolean) return new Option(`--${flag}`, description);
  const isList = inner instanceof z.ZodArray;
  const option = new Option(
    `--${flag} <${inner instanceof z.ZodNumber ? 'number' : placeholder}>`,
    isList ? `${description}; may be repeated` : description,
  );
  if (inner instanceof z.ZodEnum) option.choices(inner.options as string[]);
  else if (isList) {
    const item = innerOf(inner.element);
    option.argParser((text, before: readonly string[] | undefined) =>
      collect(read(item, text) as string, before),
    );
  } else option.argParser((text) => read(field, text));
  if (field instanceof z.ZodDefault) {
    const { defaultValue } = field.def;
    option.default(
      defaultValue,
      inner instanceof z.ZodPipe && typeof defaultValue === 'number'
        ? durationWords(defaultValue)
        : undefined,
    );
  }
  return option.makeOptionMandatory(!field.safeParse(undefined).success);
}

/** What an argument says, as it is asked; the schema of the operation reads it once more. Errors are commander's, which names the option. */
function read(field: z.ZodType, text: string): unknown {
  const inner = innerOf(field);
  const given = fromText(inner, text);
  const { error } = field.safeParse(given);
  if (!error) return given;
  throw new InvalidArgumentError(inner instanceof z.ZodNumber ? rangeOf(inner) : error.issues[0]!.message);
}

function rangeOf({ minValue, maxValue }: z.ZodNumber): string {
  const to = maxValue === Number.MAX_SAFE_INTEGER ? 'on' : `to ${maxValue}`;
  return `It must be a whole number from ${minValue} ${to}.`;
}

/** The words that call a command. */
function wordsOf(command: Command): string[] {
  return [...(command.parent ? wordsOf(command.parent) : []), command.name()];
}

function flagWords({ long, required }: Option, value: unknown): string[] {
  if (!required) return [long!];
  return [value].flat().flatMap((each) => [long!, wordOf(each)]);
}

function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
