import path from 'node:path';
import { pathToFileURL } from 'node:url';

export const TYPESCRIPT_EXTENSIONS: ReadonlySet<string> = new Set(['.ts', '.tsx', '.cts', '.mts']);
export const JAVASCRIPT_EXTENSIONS: ReadonlySet<string> = new Set(['.js', '.cjs', '.mjs']);

const STACK_FRAMES = 25;

/** Loads a user's TypeScript, CommonJS or ES module. Throws the module's errors; see {@link whyNotLoadable}. */
export async function loadModule(file: string): Promise<unknown> {
  // With source maps, errors name the user's lines, also later in bodies.
  process.setSourceMapsEnabled(true);
  // Errors of libraries below a body are often deeper than ten frames.
  Error.stackTraceLimit = Math.max(Error.stackTraceLimit, STACK_FRAMES);
  const extension = path.extname(file);
  if (!TYPESCRIPT_EXTENSIONS.has(extension)) return await loadJavaScript(file, extension);
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

/** Keeps TypeScript loadable for bodies that import late; slows each `require`, so call it last. */
export function keepTypeScriptLoadable(): void {
  registerTypeScript();
}

/** Loaded files that `require.cache` lacks: ES modules, and files that are no modules. */
const otherFiles = new Set<string>();

/** Notes a file, also one that is no module: a change to it calls for a new worker. */
export function noteFile(file: string): void {
  otherFiles.add(file);
}

/** A change to any of these files of the project calls for a new worker. */
export function loadedProjectFiles(): string[] {
  const ownFolder = path.dirname(__dirname);
  return [...new Set([...Object.keys(require.cache), ...otherFiles])]
    .map((file) => file.replace(/\?.*$/, ''))
    .filter((file) => path.isAbsolute(file) && !file.startsWith(ownFolder + path.sep) && !isInstalled(file));
}

function isInstalled(file: string): boolean {
  return file.split(path.sep).includes('node_modules');
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
  otherFiles.add(file);
  return await import(pathToFileURL(file).href);
}

/** Only ES modules may use top-level await, and Node 20 cannot `require` those. */
function needsEsModule(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  if (code === 'ERR_REQUIRE_ESM' || code === 'ERR_REQUIRE_ASYNC_MODULE') return true;
  return /Top-level await is (currently )?not supported/i.test(message ?? '');
}

function registerTypeScript(): () => void {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- who loads no TypeScript does not wait for it
  const { register } = require('tsx/cjs/api') as typeof import('tsx/cjs/api');
  return register();
}

async function importTypeScript(file: string): Promise<unknown> {
  const { tsImport } = await import('tsx/esm/api');
  return await tsImport(pathToFileURL(file).href, {
    parentURL: pathToFileURL(file).href,
    onImport: (url) => {
      if (url.startsWith('file:')) otherFiles.add(new URL(url).pathname);
    },
  });
}
