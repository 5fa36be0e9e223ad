import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import { z } from 'zod';
import { recordOf, type AnyTapestry, type TapestryRecord } from '../../authoring';
import { SelvageError } from '../../errors';
import { flagOf } from '../../operations/fields';
import { fromText, innerOf } from '../../operations/flat';
import { checked } from '../../operations/invoke';
import { commandOf, kebab, sentence, type Act, type Operation } from '../../operations/operation';
import { addAll, type Options } from '../options/option';
import {
  API,
  CAPSULE,
  JSON_DOCUMENT,
  PARQUET,
  PROJECT,
  SERVER,
  VERBOSE,
  apiOf,
  collect,
  type ServerOptions,
} from '../options/server-options';
import { encodeJson } from '../../values';
import { durationWords } from '../../values/duration';
import type { Output } from '../output/output';
import { readJson } from '../options/json-argument';
import { isConfirmed } from '../output/confirm';
import { EXIT } from '../output/exit-codes';
import { shellLine } from '../../values/shell-line';
import { carryOut, RECORDS, type More, type Show } from './carry-out';
import type { Complete } from './late-verb';

/** Renderers by operation. An operation without a renderer is no verb. */
type Shows<All extends readonly Operation[]> = {
  readonly [Name in All[number]['name']]?: Show<Extract<All[number], { readonly name: Name }>>;
};

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

/** A verb from an operation: arguments, options, help and JSON follow from it. */
export function makeVerb<One extends Operation>(
  operation: One,
  show: Show<One>,
  more: More<One> = {},
): Complete {
  return (command, does) => {
    const { summary, description = sentence(summary), needs = RECORDS, examples = [], readsFile } = operation;
    const { confirm } = operation as Act;
    const at = readsFile ? [] : (operation.at ?? []);
    const shape = shapeOf(operation);
    command.summary(summary).description(description);
    if (readsFile) addFile(command);
    for (const name of at) command.addArgument(argumentOf(name, shape[name]!));
    const options = Object.entries(shape)
      .filter(([name]) => !at.includes(name))
      .map(([name, field]) => [name, optionOf(name, field)] as const);
    for (const [, option] of options) command.addOption(option);
    if (confirm) command.option('--yes', 'do not ask');
    const usesServer = operation.asksServer === true || needs.includes('server');
    addAll(command, {
      ...(operation.readsCapsules && CAPSULE),
      ...(operation.readsParquet && PARQUET),
      ...JSON_DOCUMENT,
      ...(usesServer ? SERVER : needs.length > 0 ? PROJECT : VERBOSE),
      ...API,
    });
    const lines = examples.map((example: Readonly<Record<string, unknown>>) => {
      const file = readsFile ? ['pipeline.ts'] : [];
      const places = [...file, ...at.flatMap((name) => (name in example ? [wordOf(example[name])] : []))];
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
      const read = said.map(async ([name, value]) => [
        name,
        flagOf(shape[name]!).isJson ? await readJson(kebab(name), value as string) : value,
      ]);
      const asked = Object.fromEntries(await Promise.all(read)) as object;
      const about = readsFile && (await askOfFile(given[0] as string | undefined, asked, chosen));
      const { ask, tapestries } = (about ?? { ask: asked, tapestries: [] }) as {
        readonly ask: z.input<One['ask']>;
        readonly tapestries: readonly AnyTapestry[];
      };
      if (confirm && !chosen['yes'] && !(await isConfirmed(confirm(checked(operation, ask)), 'add --yes'))) {
        output.warn('Nothing was done.');
        return EXIT.usage;
      }
      return await carryOut(operation, ask, show, chosen, output, more, tapestries);
    }
  };
}

interface FileOptions extends ServerOptions {
  readonly param?: readonly string[];
  readonly paramsFile?: string;
}

function addFile(command: Command): void {
  command
    .argument('[file]', 'file that exports the tapestry; none with --api: the page has its own')
    .option(
      '--param <name=value>',
      'what runs would be given, to be compared with what they were given; may be repeated',
      collect,
    )
    .option('--params-file <file>', 'the same as an object in a JSON or YAML file; --param goes before it');
}

/**
 * Adds the file's tapestry and its parameters to the question.
 *
 * @throws SelvageError `Usage`, and as `loadFile` and `readParameters`
 */
async function askOfFile(
  file: string | undefined,
  ask: { readonly tapestry?: string },
  { param = [], paramsFile, ...options }: FileOptions,
): Promise<{ readonly ask: object; readonly tapestries: readonly AnyTapestry[] }> {
  const { chooseTapestry, loadFile } = await import('../files/load-file.js');
  const { readParameters } = await import('../files/parameters.js');
  const isElsewhere = apiOf(options) !== undefined;
  if (isElsewhere !== (file === undefined)) {
    throw new SelvageError(
      'Usage',
      isElsewhere
        ? `The page elsewhere has tapestries of its own: leave ${file} out, and name one of them by --tapestry.`
        : 'Give the file that exports the tapestry.',
    );
  }
  const tapestry = file === undefined ? undefined : chooseTapestry(await loadFile(file), ask.tapestry);
  const { name, parameters: known }: Pick<TapestryRecord, 'name' | 'parameters'> = tapestry
    ? recordOf(tapestry)
    : { name: ask.tapestry!, parameters: new Map() };
  const parameters = await readParameters({ parameters: known }, { pairs: param, file: paramsFile });
  const isGiven = Object.keys(parameters).length > 0;
  return {
    ask: { ...ask, tapestry: name, ...(isGiven && { parameters: encodeJson(parameters) }) },
    tapestries: tapestry ? [tapestry] : [],
  };
}

/** Fields for arguments and options of a verb. A verb with a file reads `parameters` from its own options. */
function shapeOf({ ask, readsFile }: Operation): Readonly<Record<string, z.ZodType>> {
  const { shape } = ask as { readonly shape: Readonly<Record<string, z.ZodType>> };
  if (!readsFile) return shape;
  const { parameters: _, tapestry, ...others } = shape;
  return {
    tapestry: tapestry!.optional().describe('which tapestry, if the file exports several'),
    ...others,
  };
}

export type Fields<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape>>;

/** Options of a hand-written verb from these fields; {@link readFields} reads them. */
export function optionsOfFields(shape: z.ZodRawShape): Options {
  const options = Object.entries(shape).map(
    ([name, field]) => [name, () => optionOf(name, field as z.ZodType)] as const,
  );
  return Object.fromEntries(options);
}

export function readFields<Shape extends z.ZodRawShape>(shape: Shape, chosen: object): Fields<Shape> {
  const given = chosen as Readonly<Record<string, unknown>>;
  const said = Object.entries(shape)
    .map(([name, field]) => [name, valueOf(optionOf(name, field as z.ZodType), given)] as const)
    .filter(([, value]) => value !== undefined);
  return z.object(shape).parse(Object.fromEntries(said));
}

/** Commander keeps `--no-x` as false under the name of `--x`. */
function valueOf(option: Option, chosen: Readonly<Record<string, unknown>>): unknown {
  const value = chosen[option.attributeName()];
  return option.negate ? value === false : option.required && value === false ? undefined : value;
}

function argumentOf(name: string, field: z.ZodType): Argument {
  const words = field.safeParse(undefined).success ? `[${kebab(name)}]` : `<${kebab(name)}>`;
  const { description, isJson } = flagOf(field);
  if (isJson) return new Argument(words, `${description}, as JSON; -: from the standard input`);
  return new Argument(words, description).argParser((text) => read(field, text));
}

function optionOf(name: string, field: z.ZodType): Option {
  const inner = innerOf(field);
  const { description, flag = kebab(name), placeholder = kebab(name), isByComma } = flagOf(field);
  if (inner instanceof z.ZodBoolean) return new Option(`--${flag}`, description);
  const isList = inner instanceof z.ZodArray;
  const option = new Option(
    `--${flag} <${inner instanceof z.ZodNumber ? 'number' : placeholder}>`,
    isByComma
      ? `${description}, separated by commas`
      : isList
        ? `${description}; may be repeated`
        : description,
  );
  if (inner instanceof z.ZodEnum) option.choices(inner.options as string[]);
  else if (isList) {
    const item = innerOf(inner.element);
    option.argParser((text, before: readonly unknown[] = []) => {
      const texts = isByComma ? text.split(',').map((part) => part.trim()) : [text];
      return [...before, ...texts.map((one) => read(item, one))];
    });
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

/** Parses an argument, which the operation's schema checks again. Commander's errors name the option. */
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
