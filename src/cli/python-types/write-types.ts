import { loadOptional } from '../../node/optional-package';
import type { BodyDescription } from '../../body-hosts';
import { identifiersOf, typeName } from './names';
import { TypeTable } from './type-table';

const STYLE = { bracketSpacing: true, printWidth: 100, singleQuote: true, trailingComma: 'all' } as const;
const MARK = '// Written by `selvage python types';

interface WrittenTypes {
  readonly text: string;
  /** Names of definitions by body name. */
  readonly identifiers: ReadonlyMap<string, string>;
}

/**
 * Writes a definition for each body, with its types. Equal bodies give equal text.
 *
 * @param command writes the file again
 * @throws SelvageError `MissingPackage`
 */
export async function writeTypes(given: readonly BodyDescription[], command: string): Promise<WrittenTypes> {
  const bodies = [...given].sort((a, b) => (a.name < b.name ? -1 : 1));
  const identifiers = identifiersOf(bodies);
  const types = new TypeTable();
  const all = bodies.map((body) => {
    const identifier = identifiers.get(body.name)!;
    return { body, identifier, input: types.reserve(`${typeName(identifier)}Input`) };
  });
  // Name the inputs first, so that a class that an output describes differently gets the longer name.
  const inputs = all.map(({ body, input }) => inputOf(body, input, types));
  const outputs = all.map(({ body: { output }, identifier }) =>
    types.textOf(typeof output === 'object' ? output : {}, typeName(identifier)),
  );
  const definitions = all.map(({ body, identifier }, i) => {
    const { name, receives, source, version, summary } = body;
    const options = {
      ...(receives === 'outcomes' && { receives }),
      ...(version !== undefined && { version }),
      ...(source !== undefined && { source }),
      ...(summary !== undefined && { summary }),
    };
    const said = Object.entries(options).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
    const [last] = said.length === 0 ? [''] : [`, {\n${said.join(',\n')},\n}`];
    return `export const ${identifier} = pythonKnot<${inputs[i]!}, ${outputs[i]!}>(${JSON.stringify(name)}${last});`;
  });
  const imported = [
    'pythonKnot',
    ...(inputs.includes('NoInputs') ? ['type NoInputs'] : []),
    ...[...types.imported].sort().map((name) => `type ${name}`),
  ];
  const head = [
    `${MARK}\`. Change the bodies in Python, and write it again:`,
    `// ${command.replace(/\s+/g, ' ')}`,
    `import { ${imported.join(', ')} } from "selvage";`,
    '',
    definitions.join('\n\n'),
    '',
  ];
  return { text: await withInterfaces(head.join('\n'), types), identifiers };
}

/** Whether {@link writeTypes} wrote the text, so that it may be overwritten. */
export function isWritten(text: string): boolean {
  return text.startsWith(MARK);
}

function inputOf({ input }: BodyDescription, name: string, types: TypeTable): string {
  if (!input) return 'Record<string, unknown>';
  const { properties = {}, additionalProperties = true } = input;
  if (Object.keys(properties as object).length === 0)
    return additionalProperties === false ? 'NoInputs' : 'Record<string, unknown>';
  types.define(name, { ...input, additionalProperties }, name.replace(/Input$/, ''));
  return name;
}

async function withInterfaces(head: string, { definitions }: TypeTable): Promise<string> {
  const { compile } = loadOptional<typeof import('json-schema-to-typescript')>('json-schema-to-typescript', {
    by: 'Writing types',
    install: '--save-dev json-schema-to-typescript',
  });
  const names = [...definitions.keys()].sort();
  const text = await compile(
    {
      title: 'Bodies',
      type: 'object',
      additionalProperties: false,
      properties: Object.fromEntries(names.map((name) => [name, { $ref: `#/definitions/${name}` }])),
      definitions: Object.fromEntries(definitions),
    },
    'Bodies',
    { additionalProperties: false, bannerComment: head, ignoreMinAndMaxItems: true, style: STYLE },
  );
  // Drop the interface around all other types, which only the library needs.
  const lines = text.split('\n');
  const from = lines.indexOf('export interface Bodies {');
  const isEmpty = from < 0;
  const to = isEmpty ? lines.indexOf('export interface Bodies {}') : lines.indexOf('}', from);
  lines.splice(isEmpty ? to : from, isEmpty ? 1 : to - from + 1);
  return `${lines
    .map((line, i) => (/^export (?:interface|type) /.test(line) && lines[i - 1] === '}' ? `\n${line}` : line))
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()}\n`;
}
