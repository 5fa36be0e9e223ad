import { existsSync } from 'node:fs';
import path from 'node:path';
import { isObject, shown } from '../authoring/checks';
import { isEmitter, type EmitterDeclaration } from '../emitters';
import { SelvageError } from '../errors';
import { whyNotLoadable } from './load-errors';
import { JAVASCRIPT_EXTENSIONS, loadModule, TYPESCRIPT_EXTENSIONS } from './load-module';

export interface ProjectConfig {
  /** Emitters for the runs of all tapestries. */
  readonly emitters: readonly EmitterDeclaration[];
}

/**
 * Loads a project's `selvage.config.ts` (or `.js` and so on), whose default export is `{ emitters }`.
 * Default: none.
 *
 * @throws SelvageError `FileNotLoadable`, `InvalidConfig`, or an authoring error of the file
 */
export async function loadConfig(projectDir: string): Promise<ProjectConfig> {
  const file = [...TYPESCRIPT_EXTENSIONS, ...JAVASCRIPT_EXTENSIONS]
    .map((extension) => path.join(projectDir, `selvage.config${extension}`))
    .find((name) => existsSync(name));
  if (file === undefined) return { emitters: [] };
  let exported: unknown;
  try {
    exported = await loadModule(file);
  } catch (error) {
    throw whyNotLoadable(file, error);
  }
  const first = (exported as { default?: unknown }).default ?? exported;
  // A CommonJS module that was imported as an ES module has its default export twice.
  const config = (first as { default?: unknown }).default ?? first;
  const refuse = (complaint: string): SelvageError =>
    new SelvageError(
      'InvalidConfig',
      `${file} ${complaint}. Write \`export default { emitters: [logEmitter()] }\`.`,
      { details: { file, reason: 'WrongValue' } },
    );
  if (!isObject(config)) throw refuse(`must export an object by default, and exports ${shown(config)}`);
  const unknown = Object.keys(config).find((key) => key !== 'emitters' && key !== '__esModule');
  if (unknown !== undefined)
    throw refuse(`has "${unknown}", which is no option of a project; there is emitters`);
  const given = config['emitters'] ?? [];
  const emitters: unknown[] | undefined = Array.isArray(given) ? given.flat() : undefined;
  if (!emitters?.every(isEmitter))
    throw refuse(
      'has "emitters", which must be a list of what emitter(…), logEmitter(…) and their like make',
    );
  return { emitters };
}
