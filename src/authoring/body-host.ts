import { SelvageError } from '../errors';
import type { DefinitionRecord, ErrorPolicy, KnotOptions, KnotRecord, TapestryRecord } from './records';
import type { BodyHostOptions, Dispatcher } from './dispatchers';

export function hostName({ name, kind }: BodyHostOptions): string {
  return name ?? kind;
}

/**
 * The host that calls the body of a definition; undefined if the worker does. A host that cannot call the body is
 * ignored, as a tapestry may name a host for all its knots.
 */
export function hostOf(
  { node, map, ...definition }: DefinitionRecord,
  dispatcher: Dispatcher | undefined,
): BodyHostOptions | undefined {
  const body = map?.each ?? definition;
  if (node !== undefined && !WITH_FUNCTIONS.has(node)) return undefined;
  return hostThatCan(body.host !== undefined, dispatcher) ?? body.host;
}

/** Like {@link hostOf}, for a definition known by name. @param own the host of a body in another language */
export function hostNameOf(own: string | undefined, dispatcher: Dispatcher | undefined): string | undefined {
  const given = hostThatCan(own !== undefined, dispatcher);
  return given ? hostName(given) : own;
}

/** Threads call bodies of TypeScript; all other hosts call those of other languages. */
function hostThatCan(isForeign: boolean, dispatcher: Dispatcher | undefined): BodyHostOptions | undefined {
  const given = dispatcher?.host;
  return given && (given.kind === 'threads') !== isForeign ? given : undefined;
}

/** Nodes with a function in place, which hosts call like other bodies. */
const WITH_FUNCTIONS: ReadonlySet<string> = new Set(['gate', 'branch', 'loop', 'map']);

/** All bodies that a host calls, with their knots, and bodies without a knot that extensions of runs may name. */
export function* hostedKnots({
  knots,
  definitions = [],
  options: { knots: inherited },
}: TapestryRecord): Generator<
  readonly [knot: KnotRecord | undefined, body: DefinitionRecord, host: BodyHostOptions]
> {
  for (const knot of knots.values()) {
    const { definition, options, path } = knot;
    const host = definition && path === undefined && hostOf(definition, options.dispatcher);
    if (host) yield [knot, definition.map?.each ?? definition, host];
  }
  for (const definition of definitions) {
    const host = hostOf(definition, inherited?.dispatcher);
    if (host) yield [undefined, definition, host];
  }
}

/** Throws `InvalidConfig` if the options name a host that cannot call the body. */
export function requireCallable(
  owner: string,
  { map, ...definition }: Pick<DefinitionRecord, 'name' | 'host' | 'map'>,
  { dispatcher }: KnotOptions<ErrorPolicy>,
): void {
  const { name, host } = map?.each ?? definition;
  const given = dispatcher?.host;
  if (!given || (given.kind === 'threads') === !host) return;
  const why = host
    ? `"${name}" is no body of this process, and threads() runs bodies of TypeScript. Remove the host`
    : `"${name}" is a body of TypeScript, and ${given.kind}() calls those of other languages. Name a body that it has, as by pythonKnot(), or use threads()`;
  throw new SelvageError('InvalidConfig', `The option "dispatcher" of ${owner} cannot be used: ${why}.`, {
    details: { owner, option: 'dispatcher', definition: name, reason: 'NotApplicable' },
  });
}

/** Throws `InvalidConfig` for `onCodeChange: 'wait'` without a source: the plan then has no hash to wait for. */
export function requireKnownCode(
  owner: string,
  { map, ...definition }: Pick<DefinitionRecord, 'name' | 'source' | 'map'>,
  { onCodeChange }: KnotOptions<ErrorPolicy>,
): void {
  const { name, source } = map?.each ?? definition;
  if (onCodeChange !== 'wait' || source !== undefined) return;
  throw new SelvageError(
    'InvalidConfig',
    `The option "onCodeChange" of ${owner} cannot be "wait": only its host knows the source of the body "${name}", so that no plan says which code to wait for. ` +
      "Give the definition its `source`, as `selvage python types` writes it, or a version, and say `onCodeChange: 'run'`.",
    { details: { owner, option: 'onCodeChange', definition: name, reason: 'NotApplicable' } },
  );
}
