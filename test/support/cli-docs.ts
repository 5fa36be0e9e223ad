import type { Argument, Command, Option } from 'commander';
import { sentence } from '../../src/operations/operation';
import { CONNECTION } from '../../src/cli/options/server-options';
import { OPERATIONS } from '../../src/operations';
import { commandOf, type Operation } from '../../src/operations/operation';

export const PAGE = 'docs/cli.md';
/** What writes the generated parts of the page. */
export const WRITE = 'npx tsx scripts/write-cli-docs.ts';

/** Options that each verb has. */
const OF_ALL = ['--json', '--verbose'];

/** The page with its generated parts, overview and reference, as the verbs are now. Its tables are not aligned yet. */
export function withGeneratedParts(page: string, program: Command): string {
  const parts = { overview: overviewOf(page, program), reference: referenceOf(program) };
  let text = page;
  for (const [name, part] of Object.entries(parts)) {
    const [begin, end] = [`<!-- ${name}: by ${WRITE} -->`, `<!-- end of ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`${PAGE} has no "${begin}" before "${end}".`);
    text = `${text.slice(0, from + begin.length)}\n\n${part}\n\n${text.slice(to)}`;
  }
  return text;
}

/** A line for each verb, below those of its group. */
function overviewOf(page: string, program: Command): string {
  const anchors = new Map(
    [...page.matchAll(/^## (.+)$/gm)].flatMap(([, heading]) =>
      heading!
        .split(', ')
        .map((name) => [name.split(' ')[0], heading!.replaceAll(',', '').replaceAll(' ', '-')] as const),
    ),
  );
  const groups = new Map<string, string[]>();
  for (const verb of program.commands) {
    const group = verb.helpGroup().replace(':', '');
    const below = verb.commands.map((one) => `\`${one.name()}\``).join(', ');
    const words = `\`${['selvage', verb.name(), ...verb.registeredArguments.map(placeOf)].join(' ')}\``;
    const anchor = anchors.get(verb.name());
    const name = anchor === undefined ? words : `[${words}](#${anchor})`;
    const line = `| ${name}${below && `: ${below}`} | ${cell(verb.summary())} |`;
    groups.set(group, [...(groups.get(group) ?? [`| **${group}** | |`]), line]);
  }
  return ['| command | does |', '| --- | --- |', ...[...groups.values()].flat()].join('\n');
}

/** A section for each verb that is made from an operation. */
function referenceOf(program: Command): string {
  const said = new Map(
    (OPERATIONS as readonly Operation[]).map((one) => [
      commandOf(one),
      one.description ?? sentence(one.summary),
    ]),
  );
  return (
    program.commands
      .flatMap((verb) => [
        [verb.name(), verb] as const,
        ...verb.commands.map((one) => [`${verb.name()} ${one.name()}`, one] as const),
      ])
      // One of the same name that is written by hand says something else.
      .filter(([path, verb]) => said.get(path) === verb.description())
      .map(([path, verb]) => sectionOf(path, verb))
      .join('\n\n')
  );
}

function sectionOf(path: string, verb: Command): string {
  const rows = [
    ...verb.registeredArguments.map((one) => `| \`${placeOf(one)}\` | ${cell(one.description)} |`),
    ...verb.options
      .filter(({ long, helpGroupHeading }) => !OF_ALL.includes(long!) && helpGroupHeading !== CONNECTION)
      .map((one) => `| \`${one.flags}\` | ${cell(saidOf(one))} |`),
  ];
  const table = rows.length === 0 ? [] : ['', '| argument or option | says |', '| --- | --- |', ...rows];
  return [`### selvage ${path}`, '', verb.description(), ...table].join('\n');
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

/** A text as a table has it. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
