import { SelvageError } from '../errors';
import { hostName } from './body-host';
import { definitionOf, type DefinitionOptions, type OutcomeDefinitionOptions } from './definition';
import { makeDefinition } from './definition-record';
import { python, type HostDispatcher } from './dispatcher';
import type { KnotDefinition } from './knot';
import { shown } from './checks';
import type { ErrorPolicy } from './records';
import type { BodyHostOptions, ThreadsHost } from './dispatchers';
import type { InputOf, OutputOf, StandardSchema } from './standard-schema';

interface Described {
  /**
   * Hash of the body's source (`sha256:…`), computed by its language. A worker that finds another hash refuses to
   * start. Without a hash, the host's own is accepted and recorded, and `onCodeChange: 'wait'` is refused.
   */
  readonly source?: string;
}

/** Options of a definition in another language. */
export type HostedKnotOptions<
  I extends StandardSchema | undefined = StandardSchema | undefined,
  O extends StandardSchema | undefined = StandardSchema | undefined,
> = DefinitionOptions<I, O> & Described;

export type HostedOutcomeKnotOptions<O extends StandardSchema | undefined = StandardSchema | undefined> =
  OutcomeDefinitionOptions<O> & Described;

/** The host that has the body. */
type Host = HostDispatcher<Exclude<BodyHostOptions, ThreadsHost>>;

interface OfPython {
  /** Default: `python()`. */
  readonly host?: Host;
}

/**
 * Makes a definition of a body in another language:
 * `hostedKnot(program({ command: ['./bodies'] }), 'score', { input, output })`. `queue()` and `local()` apply as to any
 * other definition. `host` calls the body, unless its knot names another host that has it.
 *
 * Before the worker takes work, it asks the host for its bodies. The worker ends with `HostMismatch` if a body is
 * missing, or has other inputs or another output.
 *
 * @param name of the definition, and of the body in its host
 * @throws SelvageError InvalidName, InvalidDefinition, InvalidConfig
 */
export function hostedKnot<S extends StandardSchema<object>, R extends StandardSchema>(
  host: Host,
  name: string,
  options: HostedKnotOptions<S, R> & { input: S; output: R },
): KnotDefinition<InputOf<S>, OutputOf<R>>;
export function hostedKnot<I extends object, O>(
  host: Host,
  name: string,
  options: HostedOutcomeKnotOptions,
): KnotDefinition<I, O, ErrorPolicy>;
export function hostedKnot<I extends object, O>(
  host: Host,
  name: string,
  options?: HostedKnotOptions,
): KnotDefinition<I, O>;
export function hostedKnot(
  given: unknown,
  name: string,
  { source, ...options }: HostedKnotOptions | HostedOutcomeKnotOptions = {},
): KnotDefinition<any, any, any> {
  const { host } = (given ?? {}) as Partial<Host>;
  if (!host || (host as BodyHostOptions).kind === 'threads') {
    throw new SelvageError(
      'InvalidDefinition',
      `The host of the definition "${name}" is ${host ? 'threads()' : shown(given)}. Give what program(), python() or a cluster, such as dask(), answers.`,
      { details: { definition: name, reason: 'WrongValue' } },
    );
  }
  const code = `${hostName(host)} ${name}`;
  const record = makeDefinition(name, options, notHere(name, host), {
    code: codeNamed(code),
    ...(source !== undefined && { source }),
    host,
  });
  return definitionOf(record);
}

/**
 * Makes a definition of a body in Python: `pythonKnot('shop.models:train', { input, output })` is the function
 * `train` of the module `shop.models`. `selvage python types` writes such definitions from Python's type hints.
 *
 * @throws SelvageError as {@link hostedKnot}
 */
export function pythonKnot<S extends StandardSchema<object>, R extends StandardSchema>(
  name: string,
  options: HostedKnotOptions<S, R> & OfPython & { input: S; output: R },
): KnotDefinition<InputOf<S>, OutputOf<R>>;
export function pythonKnot<I extends object, O>(
  name: string,
  options: HostedOutcomeKnotOptions & OfPython,
): KnotDefinition<I, O, ErrorPolicy>;
export function pythonKnot<I extends object, O>(
  name: string,
  options?: HostedKnotOptions & OfPython,
): KnotDefinition<I, O>;
export function pythonKnot(
  name: string,
  { host = python(), ...options }: (HostedKnotOptions | HostedOutcomeKnotOptions) & OfPython = {},
): KnotDefinition<any, any, any> {
  return hostedKnot(host, name, options as HostedKnotOptions);
}

/** Definitions with one `code` object are one body; for hosted bodies the name decides. */
const codes = new Map<string, object>();

function codeNamed(name: string): object {
  const known = codes.get(name);
  if (known) return known;
  const code = Object.freeze({ name });
  codes.set(name, code);
  return code;
}

function notHere(name: string, host: BodyHostOptions): () => never {
  return () => {
    throw new SelvageError(
      'HostMissing',
      `The body "${name}" is called by the host "${hostName(host)}", which is not open here.`,
      { details: { definition: name, host: hostName(host) } },
    );
  };
}
