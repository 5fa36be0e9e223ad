import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { SelvageError } from '../../errors';
import { VERSION } from '../../version';
import type { Does } from '../options/does';
import { addAll, flag, valued, type Chosen } from '../options/option';
import { JSON_DOCUMENT, STACKS } from '../options/server-options';
import type { Output } from '../output/output';
import { shellLine } from '../../values/shell-line';

interface Template {
  readonly summary: string;
  /** Parameters with which `npm start` runs the pipeline. */
  readonly parameters: readonly string[];
  /** Name of the pipeline's file. Default `pipeline.ts`. */
  readonly pipeline?: string;
  /** Files beside the pipeline and its test. Default: none. */
  readonly files?: readonly string[];
}

/** The templates by name. Each template has a folder in the package's `templates`. */
export const TEMPLATES: Readonly<Record<string, Template>> = {
  first: { summary: 'two knots and a parameter', parameters: ['name=Ada'] },
  map: { summary: 'a body for each element of a list, and sums over them', parameters: ['count=200'] },
  nightly: {
    summary: 'a report that is started once a day, with sources that may fail',
    parameters: ['day=2026-01-31'],
  },
  yaml: {
    summary: 'the first, as a document in YAML with its functions beside it',
    parameters: ['name=Ada'],
    pipeline: 'pipeline.yaml',
    files: ['callables.ts'],
  },
};
const DEFAULT_TEMPLATE = 'first';
const YAML_TEMPLATE = 'yaml';

const OPTIONS = {
  template: valued('<name>', 'which pipeline', {
    choices: Object.keys(TEMPLATES),
    default: DEFAULT_TEMPLATE,
  }),
  yaml: flag('a document in YAML with its functions beside it', { conflicts: 'template' }),
  ...STACKS,
  ...JSON_DOCUMENT,
};

export function addInit(program: Command, does: Does): void {
  const names = Object.keys(TEMPLATES);
  const width = Math.max(...names.map(({ length }) => length));
  const command = program
    .command('init')
    .summary('write a pipeline to begin with, and a test of it')
    .description(
      'Writes pipeline.ts (or pipeline.yaml and callables.ts), pipeline.test.ts, tsconfig.json and package.json into a folder. Nothing that exists is changed, but that a package.json ' +
        'gets the scripts and dependencies that it lacks. Asks no server.',
    )
    .argument('[folder]', 'where; made if it is not there', '.')
    .addHelpText(
      'after',
      `
Templates:
${names.map((name) => `  ${name.padEnd(width)}  ${TEMPLATES[name]!.summary}`).join('\n')}

Exit codes: 0 written, 2 usage, or files that exist already.

Examples:
  $ selvage init
  $ selvage init --yaml
  $ selvage init reports --template nightly`,
    );
  addAll(command, OPTIONS).action(does(initFolder));
}

const PACKAGE = path.join(__dirname, '..', '..', '..');

const PIPELINE = 'pipeline.ts';

const TEST = 'pipeline.test.ts';

const MANIFEST = 'package.json';

/** The compiler's options for CommonJS (the default) and ES modules, by the package's `type`. */
const TSCONFIG = {
  compilerOptions: {
    target: 'es2022',
    module: 'preserve',
    strict: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    types: ['node'],
    noEmit: true,
  },
  include: ['*.ts'],
};

interface Manifest {
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** The test script of `npm init`. */
const NO_TEST = /^echo "Error: no test specified"/;

async function initFolder(given: string, options: Chosen<typeof OPTIONS>, output: Output): Promise<number> {
  const folder = path.resolve(given);
  const template = options.yaml ? YAML_TEMPLATE : options.template;
  const { parameters, pipeline = PIPELINE, files: others = [] } = TEMPLATES[template]!;
  const own = JSON.parse(await readFile(path.join(PACKAGE, MANIFEST), 'utf8')) as Manifest;
  const from = path.join(PACKAGE, 'templates', template);
  const files: [name: string, text: string][] = [
    ...(await Promise.all(
      [pipeline, ...others, TEST].map(async (name): Promise<[string, string]> => [
        name,
        await readFile(path.join(from, name), 'utf8'),
      ]),
    )),
    ['tsconfig.json', inJson(TSCONFIG)],
  ];
  refuseExisting(
    files.map(([name]) => name).filter((name) => existsSync(path.join(folder, name))),
    folder,
  );
  const manifest = await manifestFor(folder, wantedManifest(own, pipeline, parameters));
  await mkdir(folder, { recursive: true });
  for (const [name, text] of files) await writeFile(path.join(folder, name), text, { flag: 'wx' });
  if (manifest.text !== undefined) await writeFile(path.join(folder, MANIFEST), manifest.text);
  const written = files.map(([name]) => name);
  const commands = [
    ...(folder === process.cwd() ? [] : [shellLine(['cd', path.relative(process.cwd(), folder)])]),
    'npm install',
    'npm test',
    'npm start',
  ];
  output.say(
    [
      `Wrote ${written.join(', ')} into ${folder}.`,
      ...(manifest.text === undefined
        ? []
        : [`${MANIFEST} ${manifest.isNew ? 'is new' : 'has more'}: ${manifest.what}.`]),
      '',
      'Next:',
      ...commands.map((command) => `  ${output.bold(command)}`),
    ].join('\n'),
  );
  return output.finish({
    folder,
    template,
    files: manifest.text === undefined ? written : [...written, MANIFEST],
    commands,
  });
}

function wantedManifest(
  own: Manifest,
  pipeline: string,
  parameters: readonly string[],
): Required<Omit<Manifest, 'peerDependencies'>> {
  const { dependencies = {}, devDependencies = {} } = own;
  const given = parameters.map((parameter) => ` --param ${parameter}`).join('');
  return {
    scripts: {
      start: `selvage run ${pipeline}${given}`,
      dev: `selvage dev ${pipeline}`,
      test: `tsx --test ${TEST}`,
      types: 'tsc',
    },
    dependencies: { selvage: `^${VERSION}`, zod: dependencies['zod']! },
    devDependencies: {
      // Downloads the embedded server.
      '@temporalio/testing': `^${devDependencies['@temporalio/testing']}`,
      '@types/node': `^${devDependencies['@types/node']}`,
      tsx: dependencies['tsx']!,
      typescript: `~${devDependencies['typescript']}`,
    },
  };
}

interface PlannedManifest {
  /** The new text of the file; undefined if the file already has all of it. */
  readonly text: string | undefined;
  readonly isNew: boolean;
  readonly what: string;
}

async function manifestFor(
  folder: string,
  { scripts, dependencies, devDependencies }: ReturnType<typeof wantedManifest>,
): Promise<PlannedManifest> {
  const file = path.join(folder, MANIFEST);
  const isNew = !existsSync(file);
  const present = isNew ? { private: true } : parsed(await readFile(file, 'utf8'), file);
  const { scripts: old = {} } = present as Manifest;
  const clashing = Object.keys(scripts).filter(
    (name) => old[name] !== undefined && old[name] !== scripts[name] && !NO_TEST.test(old[name]),
  );
  if (clashing.length > 0) {
    throw refused(
      `${file} has other scripts ${clashing.map((name) => `"${name}"`).join(', ')}`,
      [MANIFEST],
      folder,
    );
  }
  const has = (name: string): boolean =>
    [present.dependencies, present.devDependencies, present.peerDependencies].some(
      (all) => all?.[name] !== undefined,
    );
  const lacking = (wanted: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(wanted).filter(([name]) => !has(name)));
  const added = {
    scripts: Object.fromEntries(Object.entries(scripts).filter(([name, text]) => old[name] !== text)),
    dependencies: lacking(dependencies),
    devDependencies: lacking(devDependencies),
  };
  const parts = Object.entries(added).filter(([, part]) => Object.keys(part).length > 0);
  const merged: Record<string, unknown> = { ...present };
  for (const [name, part] of parts) merged[name] = { ...(merged[name] as object | undefined), ...part };
  return {
    text: parts.length === 0 ? undefined : inJson(merged),
    isNew,
    what: parts.map(([name, part]) => `${name} ${Object.keys(part).join(', ')}`).join('; '),
  };
}

function parsed(text: string, file: string): Manifest & Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Manifest & Record<string, unknown>;
  } catch {
    // Reported below.
  }
  throw new SelvageError(
    'Usage',
    `${file} is no JSON object, so that scripts cannot be added to it. Correct it, or name another folder.`,
  );
}

function refuseExisting(names: readonly string[], folder: string): void {
  if (names.length === 0) return;
  throw refused(
    `There ${names.length === 1 ? 'is' : 'are'} ${names.join(', ')} in ${folder} already`,
    names,
    folder,
  );
}

function refused(why: string, files: readonly string[], folder: string): SelvageError {
  return new SelvageError(
    'Usage',
    `${why}, and nothing that exists is changed. Nothing was written. Name another folder: selvage init FOLDER`,
    { details: { folder, files: [...files] } },
  );
}

function inJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
