import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { SelvageError } from '../../errors';
import { VERSION } from '../../version';
import type { InitOptions } from '../commands/init';
import { EXIT } from '../exit-codes';
import type { Output } from '../output';
import { shellLine } from '../own-command';
import { TEMPLATES } from '../templates';

const PACKAGE = path.join(__dirname, '..', '..', '..');
const PIPELINE = 'pipeline.ts';
const TEST = 'pipeline.test.ts';
const MANIFEST = 'package.json';

/** Whether the package is one of CommonJS, as it is where it says nothing, or of ES modules. */
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

/** What `npm init` writes where there is no test. */
const NO_TEST = /^echo "Error: no test specified"/;

/** `selvage init`. */
export async function initFolder(given: string, { template }: InitOptions, output: Output): Promise<number> {
  const folder = path.resolve(given);
  const { parameters } = TEMPLATES[template]!;
  const own = JSON.parse(await readFile(path.join(PACKAGE, MANIFEST), 'utf8')) as Manifest;
  const from = path.join(PACKAGE, 'templates', template);
  const files: [name: string, text: string][] = [
    [PIPELINE, await readFile(path.join(from, PIPELINE), 'utf8')],
    [TEST, await readFile(path.join(from, TEST), 'utf8')],
    ['tsconfig.json', inJson(TSCONFIG)],
  ];
  refuseExisting(
    files.map(([name]) => name).filter((name) => existsSync(path.join(folder, name))),
    folder,
  );
  const manifest = await manifestFor(folder, wantedManifest(own, parameters));
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
  if (output.json)
    output.document({
      folder,
      template,
      files: manifest.text === undefined ? written : [...written, MANIFEST],
      commands,
    });
  return EXIT.ok;
}

function wantedManifest(
  own: Manifest,
  parameters: readonly string[],
): Required<Omit<Manifest, 'peerDependencies'>> {
  const { dependencies = {}, devDependencies = {} } = own;
  const given = parameters.map((parameter) => ` --param ${parameter}`).join('');
  return {
    scripts: {
      start: `selvage run ${PIPELINE}${given}`,
      dev: `selvage dev ${PIPELINE}`,
      test: `tsx --test ${TEST}`,
      types: 'tsc',
    },
    dependencies: { selvage: `^${VERSION}`, zod: dependencies['zod']! },
    devDependencies: {
      '@types/node': `^${devDependencies['@types/node']}`,
      tsx: dependencies['tsx']!,
      typescript: `~${devDependencies['typescript']}`,
    },
  };
}

interface PlannedManifest {
  /** Undefined: it has all of it. */
  readonly text: string | undefined;
  readonly isNew: boolean;
  readonly what: string;
}

/** The manifest that is there, with what it lacks; else a new one. */
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
    // As below.
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
    {
      details: { folder, files: [...files] },
    },
  );
}

function inJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
