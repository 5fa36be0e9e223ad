import { statSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { OpenOptions } from '../client';
import { SelvageError } from '../errors';
import { isTapestry } from '../model';
import { late } from './late-imports';
import { whyNotLoadable } from './load-errors';

/** Of whatever parameters and values. */
export type AnyTapestry = OpenOptions['tapestries'][number];

/** A user's file with what it exports. */
export interface LoadedFile {
  /** Absolute. */
  readonly path: string;
  readonly tapestries: readonly AnyTapestry[];
}

const TYPESCRIPT = new Set(['.ts', '.tsx', '.cts', '.mts']);
const STACK_FRAMES = 25;
const JAVASCRIPT = new Set(['.js', '.cjs', '.mjs']);

/**
 * Loads a user's file, TypeScript as it is, CommonJS or ES module alike.
 *
 * @throws SelvageError `FileNotFound`, `FileNotLoadable`, `FileWithoutTapestry`, or the authoring error that the file made
 */
export async function loadFile(file: string): Promise<LoadedFile> {
  const absolute = path.resolve(file);
  checkFile(file, absolute);
  // Errors of the file, now and in bodies, then name the lines that the user wrote.
  process.setSourceMapsEnabled(true);
  // Those of libraries that fail below a body are often deeper than ten frames.
  Error.stackTraceLimit = Math.max(Error.stackTraceLimit, STACK_FRAMES);
  let exported: unknown;
  try {
    exported = await load(absolute);
  } catch (error) {
    throw whyNotLoadable(absolute, error);
  }
  const tapestries = tapestriesOf(exported);
  if (tapestries.length > 0) return { path: absolute, tapestries };
  throw new SelvageError(
    'FileWithoutTapestry',
    `${file} exports no tapestry. Export what tapestry() answers: \`export const pipeline = tapestry('pipeline', (t) => { … })\`.`,
    { details: { file: absolute } },
  );
}

/**
 * The tapestry that is meant.
 *
 * @throws SelvageError `AmbiguousTapestry` where there are several and none is named, `FileWithoutTapestry` where the named one is not there
 */
export function chooseTapestry(loaded: LoadedFile, name: string | undefined): AnyTapestry {
  const { tapestries, path: file } = loaded;
  const names = tapestries.map((tapestry) => tapestry.name);
  const details = { file, tapestries: names };
  if (name === undefined) {
    if (tapestries.length === 1) return tapestries[0]!;
    throw new SelvageError(
      'AmbiguousTapestry',
      `${file} exports ${names.length} tapestries: ${names.join(', ')}. Choose one with --tapestry.`,
      { details },
    );
  }
  const chosen = tapestries.find((tapestry) => tapestry.name === name);
  if (chosen) return chosen;
  throw new SelvageError(
    'FileWithoutTapestry',
    `${file} exports no tapestry "${name}". It exports: ${names.join(', ')}.`,
    { details: { ...details, tapestry: name } },
  );
}

/**
 * Lets bodies go on importing TypeScript files late, for the rest of this process. It makes every `require` slower, so it is
 * called when what the command itself needs has been loaded.
 */
export function keepTypeScriptLoadable(): void {
  registerTypeScript();
}

/** The project's own files that have been loaded so far: what a change of which calls for a new worker. */
export function loadedProjectFiles(): string[] {
  const ownFolder = path.dirname(__dirname);
  return [...new Set([...Object.keys(require.cache), ...importedFiles])]
    .map((file) => file.replace(/\?.*$/, ''))
    .filter((file) => path.isAbsolute(file) && !file.startsWith(ownFolder + path.sep) && !isInstalled(file));
}

/** Files loaded as ES modules, which `require.cache` does not have. */
const importedFiles = new Set<string>();

function isInstalled(file: string): boolean {
  return file.split(path.sep).includes('node_modules');
}

function checkFile(file: string, absolute: string): void {
  const details = { file: absolute };
  const stats = statSync(absolute, { throwIfNoEntry: false });
  if (!stats)
    throw new SelvageError('FileNotFound', `There is no file ${absolute}. Check the path.`, { details });
  if (!stats.isFile()) {
    throw new SelvageError(
      'FileNotLoadable',
      `${absolute} is not a file. Name the file that exports the tapestry.`,
      { details },
    );
  }
  const extension = path.extname(absolute);
  if (TYPESCRIPT.has(extension) || JAVASCRIPT.has(extension)) return;
  throw new SelvageError(
    'FileNotLoadable',
    `${file} is neither TypeScript nor JavaScript. Its name must end in one of ${[...TYPESCRIPT, ...JAVASCRIPT].join(', ')}.`,
    { details },
  );
}

async function load(file: string): Promise<unknown> {
  const extension = path.extname(file);
  if (!TYPESCRIPT.has(extension)) return await loadJavaScript(file, extension);
  if (extension === '.mts') return await importTypeScript(file);
  const unregister = registerTypeScript();
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- a user's file, known only now
    return require(file);
  } catch (error) {
    if (!needsEsModule(error)) throw error;
  } finally {
    unregister();
  }
  return await importTypeScript(file);
}

async function loadJavaScript(file: string, extension: string): Promise<unknown> {
  if (extension !== '.mjs') {
    try {
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- a user's file, known only now
      return require(file);
    } catch (error) {
      if (!needsEsModule(error)) throw error;
    }
  }
  importedFiles.add(file);
  return await import(pathToFileURL(file).href);
}

/** Only ES modules may await at their top level; Node 20 cannot `require` any. */
function needsEsModule(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  if (code === 'ERR_REQUIRE_ESM' || code === 'ERR_REQUIRE_ASYNC_MODULE') return true;
  return /Top-level await is (currently )?not supported/i.test(message ?? '');
}

function registerTypeScript(): () => void {
  const { register } = late.typeScript();
  return register();
}

async function importTypeScript(file: string): Promise<unknown> {
  const { tsImport } = await import('tsx/esm/api');
  return await tsImport(pathToFileURL(file).href, {
    parentURL: pathToFileURL(file).href,
    onImport: (url) => {
      if (url.startsWith('file:')) importedFiles.add(new URL(url).pathname);
    },
  });
}

/** What a file exports by name or by default; the default export of a CommonJS module may itself be an object of them. */
function tapestriesOf(exported: unknown): AnyTapestry[] {
  const found = new Set<AnyTapestry>();
  const collect = (value: unknown): void => {
    if (isTapestry(value)) found.add(value);
  };
  collect(exported);
  for (const value of valuesOf(exported)) collect(value);
  for (const value of valuesOf((exported as { default?: unknown } | null | undefined)?.default))
    collect(value);
  return [...found];
}

function valuesOf(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}
