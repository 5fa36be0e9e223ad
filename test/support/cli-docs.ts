import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Argument, Command, Option } from 'commander';
import { CONNECTION } from '../../src/cli/options/server-options';

const FOLDER = 'docs/cli';
const OVERVIEW = 'docs/cli.md';
/** The command that writes the generated parts of the pages. */
export const WRITE = 'npx tsx scripts/write-cli-docs.ts';

/** Options that all verbs have, or that the page of all verbs describes. */
const OF_ALL = ['--json', '--verbose', '--help'];

const ELSEWHERE = 'With [`--api`](../http-api.md#from-the-command-line), a page elsewhere answers.';

/** The pages about the command line, with their texts. The overview is the first. */
export function cliPages(read: (file: string) => string): Map<string, string> {
  const files = readdirSync(FOLDER).sort();
  return new Map(
    [OVERVIEW, ...files.map((file) => path.posix.join(FOLDER, file))].map((file) => [file, read(file)]),
  );
}

/** The pages with overview and reference generated from the present verbs. Their tables are not aligned yet. */
export function withGeneratedParts(
  pages: ReadonlyMap<string, string>,
  program: Command,
): Map<string, string> {
  const pageOf = new Map(
    [...pages].flatMap(([file, text]) =>
      file === OVERVIEW ? [] : verbsOn(text).map((verb) => [verb, file]),
    ),
  );
  for (const verb of program.commands)
    if (!pageOf.has(verb.name())) throw new Error(`No page in ${FOLDER} has "${verb.name()}" in its title.`);
  const written = [...pages].map(([file, text]) =>
    file === OVERVIEW
      ? [file, withPart(file, text, 'overview', overviewOf(pageOf, program))]
      : [file, withPart(file, text, 'reference', referenceOf(verbsOn(text), program))],
  );
  return new Map(written as [string, string][]);
}

/** The verbs of a page, as its title lists them. */
function verbsOn(text: string): string[] {
  return /^# (.+)$/m.exec(text)![1]!.split(', ');
}

function withPart(file: string, text: string, name: string, part: string): string {
  const [begin, end] = [`<!-- ${name}: by ${WRITE} -->`, `<!-- end of ${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has no "${begin}" before "${end}".`);
  return `${text.slice(0, from + begin.length)}\n\n${part}\n\n${text.slice(to)}`;
}

/** A line for each verb, below those of its group. */
function overviewOf(pageOf: ReadonlyMap<string, string>, program: Command): string {
  const groups = new Map<string, string[]>();
  for (const verb of program.commands) {
    const group = verb.helpGroup().replace(':', '');
    const below = verb.commands.map((one) => `\`${one.name()}\``).join(', ');
    const words = ['selvage', verb.name(), ...verb.registeredArguments.map(placeOf)].join(' ');
    const link = path.posix.relative(path.posix.dirname(OVERVIEW), pageOf.get(verb.name())!);
    const line = `| [\`${words}\`](${link})${below && `: ${below}`} | ${cell(verb.summary())} |`;
    groups.set(group, [...(groups.get(group) ?? [`| **${group}** | |`]), line]);
  }
  return ['| command | does |', '| --- | --- |', ...[...groups.values()].flat()].join('\n');
}

/** A section for each command of a page, from its `--help`. */
function referenceOf(verbs: readonly string[], program: Command): string {
  const sections = program.commands
    .filter((verb) => verbs.includes(verb.name()))
    .flatMap((verb) => (verb.commands.length === 0 ? [verb] : verb.commands))
    .map(sectionOf);
  return ['## Reference', ...sections].join('\n\n');
}

function sectionOf(verb: Command): string {
  const rows = [
    ...verb.registeredArguments
      .filter(({ description }) => description !== '')
      .map((one) => `| \`${placeOf(one)}\` | ${cell(one.description)} |`),
    ...verb.options
      .filter(({ long, helpGroupHeading }) => !OF_ALL.includes(long!) && helpGroupHeading !== CONNECTION)
      .map((one) => `| \`${one.flags}\` | ${cell(saidOf(one))} |`),
  ];
  const table = rows.length === 0 ? [] : ['', '| argument or option | says |', '| --- | --- |', ...rows];
  const examples = examplesOf(verb);
  const shown = examples.length === 0 ? [] : ['', '```bash', ...examples, '```'];
  const heading = `selvage ${nameOf(verb)}`;
  const isRemote = verb.options.some(({ long }) => long === '--api');
  const says = isRemote ? `${verb.description()} ${ELSEWHERE}` : verb.description();
  const usage = [heading, ...verb.registeredArguments.map(placeOf)].join(' ');
  return [`### ${heading}`, '', `\`${usage}\``, '', says, ...table, ...shown].join('\n');
}

/** The words of a command behind `selvage`. */
function nameOf(verb: Command): string {
  return verb.parent?.parent ? `${nameOf(verb.parent)} ${verb.name()}` : verb.name();
}

/** The command lines that the end of a help text shows. */
function examplesOf(verb: Command): string[] {
  let help = '';
  verb.configureOutput({ writeOut: (text) => void (help += text) }).outputHelp();
  return [...help.matchAll(/^ {2}\$ (.+)$/gm)].map(([, line]) => line!);
}

function saidOf({ description, argChoices, defaultValue, defaultValueDescription }: Option): string {
  const notes = [
    ...(argChoices ? [argChoices.map((one) => `\`${one}\``).join(', ')] : []),
    ...(defaultValue === undefined ? [] : [`default: ${defaultValueDescription ?? String(defaultValue)}`]),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`;
}

function placeOf(argument: Argument): string {
  const name = `${argument.name().toUpperCase()}${argument.variadic ? '…' : ''}`;
  return argument.required ? name : `[${name}]`;
}

/** A text escaped for a table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
