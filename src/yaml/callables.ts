import type { ErrorCode } from '../errors';
import { isKnotClass } from '../authoring/knot-class';
import { definitionRecord, isMarkedEmitter } from '../authoring/marks';
import { isStandardSchema, isTapestry } from '../authoring';
import { nearestName } from '../authoring/names';

/** The names that a document may use: definitions, knot classes, functions, tapestries, schemas and emitters. */
export type Callables = Readonly<Record<string, unknown>>;

interface Missing {
  readonly code: ErrorCode;
  readonly message: string;
  readonly suggestion?: string;
}

const MODULE = /^(?<module>[^:]+):(?<name>[A-Za-z_$][\w$]*)$/;
const PYTHON = /^python:(?<module>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):(?<name>[^:]+)$/;
/** The notation of pirn for a callable of a module. */
const DOTTED = /^(?<module>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\.(?<name>[A-Za-z_]\w*)$/;

/** `module` is a path without `./` and extension. */
interface ModuleReference {
  readonly module: string;
  readonly name: string;
}

export function moduleReference(text: string): ModuleReference | undefined {
  const { module, name } = MODULE.exec(text)?.groups ?? {};
  if (module === undefined || name === undefined) return undefined;
  return { module: module.replace(/^\.\//, '').replace(/\.[cm]?[jt]sx?$/, ''), name };
}

export class PythonBody {
  private static readonly known = new Map<string, PythonBody>();

  private constructor(
    /** `shop.models:train`. */
    readonly name: string,
  ) {}

  /** One definition per name: nodes that name the same body have the same definition. */
  static named(name: string): PythonBody {
    const body = PythonBody.known.get(name) ?? new PythonBody(name);
    PythonBody.known.set(name, body);
    return body;
  }
}

/** `python:shop.models:train`, or `shop.models.train`. */
function pythonReference(text: string): ModuleReference | undefined {
  const { module, name } = (PYTHON.exec(text) ?? DOTTED.exec(text))?.groups ?? {};
  return module === undefined || name === undefined ? undefined : { module, name };
}

/** The prefixes name the module, or a folder that contains it. */
export function isAllowed(module: string, prefixes: readonly string[] | undefined): boolean {
  if (prefixes === undefined) return true;
  return prefixes.some((given) => {
    const prefix = given.replace(/^\.\//, '').replace(/\/$/, '');
    return module === prefix || module.startsWith(`${prefix}/`);
  });
}

/** Packages are the folders of modules of Python. */
function isAllowedPython(module: string, prefixes: readonly string[] | undefined): boolean {
  return isAllowed(
    module.replaceAll('.', '/'),
    prefixes?.map((prefix) => prefix.replace(/\.$/, '').replaceAll('.', '/')),
  );
}

/** Given callables, and those of modules that the document may name. */
export class CallableTable {
  private readonly named: Map<string, unknown>;

  /**
   * `loaded` has exports by module; undefined if modules may not be loaded. `allows`: whether the document allows
   * modules.
   */
  constructor(
    given: Callables,
    private readonly loaded: ReadonlyMap<string, Callables> | undefined,
    private readonly allows: boolean,
    private readonly prefixes: readonly string[] | undefined,
  ) {
    this.named = new Map(Object.entries(given).filter(([, value]) => isCallable(value)));
  }

  get all(): ReadonlyMap<string, unknown> {
    return this.named;
  }

  /** Finds a callable, with the definition's name for a plain function. */
  find(name: string): { readonly value: unknown; readonly definition: string } | Missing {
    if (this.named.has(name)) return { value: this.named.get(name), definition: name };
    const reference = moduleReference(name);
    if (reference) return this.findInModule(name, reference);
    const python = pythonReference(name);
    if (python) return this.findInPython(name, python);
    const nearest = nearestName(name, this.named.keys());
    const known = [...this.named.keys()];
    const listed =
      known.length === 0
        ? 'there are none'
        : `there are ${known.slice(0, 10).join(', ')}${known.length > 10 ? ` and ${known.length - 10} more` : ''}`;
    return {
      code: 'UnknownCallable',
      message: `There is no callable "${name}"${nearest === undefined ? '' : ` (did you mean "${nearest}"?)`}: ${listed}. Give it as one of the callables, or export it from their file.`,
      ...(nearest !== undefined && { suggestion: nearest }),
    };
  }

  /** The worker checks at its start that the body exists. */
  private findInPython(
    text: string,
    { module, name }: ModuleReference,
  ): { readonly value: unknown; readonly definition: string } | Missing {
    const body = `${module}:${name}`;
    const refuse = (message: string): Missing => ({ code: 'CallableNotAllowed', message });
    const given = `give it as one of the callables: pythonKnot('${body}')`;
    if (!this.allows)
      return refuse(
        `"${text}" names a body of Python, which this document does not allow. Say allow_callable_refs: true at its top, or ${given}.`,
      );
    if (!this.loaded)
      return refuse(
        `"${text}" names a body of Python, and a document that is loaded from a text may name only given callables. Use loadPipelineFile, or ${given}.`,
      );
    if (!isAllowedPython(module, this.prefixes))
      return refuse(
        `"${text}" names a body of the Python module "${module}", which is not among the allowed_module_prefixes: ${this.prefixes!.join(', ') || 'there are none'}.`,
      );
    return { value: PythonBody.named(body), definition: body };
  }

  private findInModule(
    text: string,
    { module, name }: ModuleReference,
  ): { readonly value: unknown; readonly definition: string } | Missing {
    const refuse = (message: string): Missing => ({ code: 'CallableNotAllowed', message });
    if (!this.allows)
      return refuse(
        `"${text}" names something of a module, which this document does not allow. Say allow_callable_refs: true at its top, or give it as one of the callables.`,
      );
    if (!this.loaded)
      return refuse(
        `"${text}" names something of a module, and a text has no folder that modules could be in. Use loadPipelineFile, or give it as one of the callables.`,
      );
    if (!isAllowed(module, this.prefixes))
      return refuse(
        `"${text}" names something of the module "${module}", which is not among the allowed_module_prefixes: ${this.prefixes!.join(', ') || 'there are none'}.`,
      );
    const exported = this.loaded.get(module);
    if (exported && Object.hasOwn(exported, name) && isCallable(exported[name]))
      return { value: exported[name], definition: `${module}:${name}` };
    const names = Object.entries(exported ?? {}).flatMap(([key, value]) => (isCallable(value) ? [key] : []));
    const nearest = nearestName(name, names);
    return {
      code: 'UnknownCallable',
      message: `The module "${module}" exports no callable "${name}"${nearest === undefined ? '' : ` (did you mean "${nearest}"?)`}: it has ${names.slice(0, 10).join(', ') || 'none'}.`,
      ...(nearest !== undefined && { suggestion: nearest }),
    };
  }
}

/** An emitter, or a list of them, such as `webhookEmitter({ endpoints })` returns. */
function isEmitters(value: unknown): boolean {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.length > 0 && list.every(isMarkedEmitter);
}

function isCallable(value: unknown): boolean {
  return typeof value === 'function' || isTapestry(value) || isStandardSchema(value) || isEmitters(value);
}

type CallableKind = 'python' | 'definition' | 'class' | 'tapestry' | 'schema' | 'emitter' | 'function';

export function kindOf(value: unknown): CallableKind {
  if (value instanceof PythonBody) return 'python';
  if (isTapestry(value)) return 'tapestry';
  if (definitionRecord(value) !== undefined && !isKnotClass(value)) return 'definition';
  if (isKnotClass(value)) return 'class';
  if (isStandardSchema(value)) return 'schema';
  if (isEmitters(value)) return 'emitter';
  return 'function';
}

export function prefixesOf({
  allowedModulePrefixes,
}: Readonly<Record<string, unknown>>): readonly string[] | undefined {
  return Array.isArray(allowedModulePrefixes) ? allowedModulePrefixes.map(String) : undefined;
}
