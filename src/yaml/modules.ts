import { realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { isStandardSchema, isTapestry } from '../authoring';
import { JAVASCRIPT_EXTENSIONS, loadModule, TYPESCRIPT_EXTENSIONS, whyNotLoadable } from '../user-modules';
import { isAllowed, moduleReference, type Callables, prefixesOf } from './callables';
import { type Problems, type Range } from './problems';
import type { DocumentSection } from './read-document';

const EXTENSIONS = [...TYPESCRIPT_EXTENSIONS, ...JAVASCRIPT_EXTENSIONS];

const DEFAULT_CALLABLES = 'callables';

export class Modules {
  readonly loaded = new Map<string, Callables>();
  private readonly byFile = new Map<string, Promise<Callables>>();

  constructor(
    private readonly folder: string,
    private readonly problems: Problems,
  ) {}

  /** Exports of the files in `callables`, or else of the default file. */
  async callablesOf({ section }: DocumentSection): Promise<Callables> {
    const given = section.fields['callables'];
    if (given === undefined) {
      const file = EXTENSIONS.map((extension) =>
        path.join(this.folder, `${DEFAULT_CALLABLES}${extension}`),
      ).find(isFile);
      return file === undefined ? {} : await this.load(file, section.head);
    }
    const files = Array.isArray(given) ? given : [given];
    let all: Callables = {};
    for (const [index, name] of files.entries()) {
      if (typeof name !== 'string') continue;
      const range = Array.isArray(given) ? section.at('callables', index) : section.at('callables');
      const file = this.below(name, range);
      if (file !== undefined) all = { ...all, ...(await this.load(file, range)) };
    }
    return all;
  }

  /** Loads modules named as `module:export`, if a document allows it. */
  async loadNamed(documents: readonly DocumentSection[], given: Callables): Promise<void> {
    for (const { section, nodes, triggers } of documents) {
      if (section.fields['allowCallableRefs'] !== true) continue;
      const prefixes = prefixesOf(section.fields);
      for (const { section: part } of [...nodes, ...triggers]) {
        for (const key of CALLABLE_KEYS) {
          const name = part.fields[key];
          const reference =
            typeof name === 'string' && !Object.hasOwn(given, name) ? moduleReference(name) : undefined;
          if (!reference || this.loaded.has(reference.module) || !isAllowed(reference.module, prefixes))
            continue;
          const file = this.below(reference.module, part.at(key));
          this.loaded.set(reference.module, file === undefined ? {} : await this.load(file, part.at(key)));
        }
      }
    }
  }

  /** The file of a module; undefined for a missing one, which has been reported. */
  private below(name: string, range: Range): string | undefined {
    const wanted = path.resolve(this.folder, name);
    const refuse = (message: string): undefined => {
      this.problems.add(range, { code: 'CallableNotAllowed', message });
      return undefined;
    };
    const outside = `"${name}" is not below the folder of the document. Modules of a document are in its folder or below it.`;
    if (path.isAbsolute(name) || !isWithin(this.folder, wanted)) return refuse(outside);
    const file = [wanted, ...EXTENSIONS.map((extension) => `${wanted}${extension}`)].find(
      (candidate) => EXTENSIONS.includes(path.extname(candidate)) && isFile(candidate),
    );
    if (file === undefined) {
      this.problems.add(range, {
        code: 'FileNotFound',
        message: `There is no module "${name}" in the folder of the document. Check the path; it ends in one of ${EXTENSIONS.join(', ')}, or has no ending.`,
      });
      return undefined;
    }
    // Compare real paths, as a link may lead out of the folder.
    return isWithin(realpathSync(this.folder), realpathSync(file)) ? file : refuse(outside);
  }

  private async load(file: string, range: Range): Promise<Callables> {
    try {
      let loading = this.byFile.get(file);
      if (!loading) this.byFile.set(file, (loading = loadModule(file).then(exportsOf)));
      return await loading;
    } catch (error) {
      const { code, message } = whyNotLoadable(file, error);
      this.problems.add(range, { code, message });
      this.problems.leaveOut('UnknownCallable');
      return {};
    }
  }
}

const CALLABLE_KEYS = [
  'callable',
  'combine',
  'selector',
  'predicate',
  'each',
  'fold',
  'until',
  'tapestry',
  'step',
  'map',
  'run',
  'key',
  'sequence',
  'verify',
];

/** The default export of a CommonJS module may be an object of exports. */
function exportsOf(exported: unknown): Callables {
  const { default: byDefault, ...named } = { ...(exported as Record<string, unknown>) };
  const isObject =
    typeof byDefault === 'object' &&
    byDefault !== null &&
    !isTapestry(byDefault) &&
    !isStandardSchema(byDefault);
  return { ...(isObject ? byDefault : byDefault === undefined ? {} : { default: byDefault }), ...named };
}

function isWithin(folder: string, file: string): boolean {
  return file.startsWith(folder.endsWith(path.sep) ? folder : `${folder}${path.sep}`);
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}
