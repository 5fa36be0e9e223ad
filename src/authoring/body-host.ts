import { SelvageError } from '../errors';
import type { DefinitionRecord, ErrorPolicy, KnotOptions, KnotRecord, TapestryRecord } from './records';
import type { BodyHostOptions, Dispatcher } from './dispatchers';

/** The name of a host in a plan, and in a worker. */
export function hostName({ name, kind }: BodyHostOptions): string {
  return name ?? kind;
}

/**
 * The host that calls the body of a definition, if the worker does not do so itself. A host that cannot call it, as a tapestry may name one for
 * all its knots, does not count.
 */
export function hostOf(
  { node, map, ...definition }: DefinitionRecord,
  dispatcher: Dispatcher | undefined,
): BodyHostOptions | undefined {
  const body = map?.each ?? definition;
  if (node !== undefined && !WITH_FUNCTIONS.has(node)) return undefined;
  return hostThatCan(body.host !== undefined, dispatcher) ?? body.host;
}

/**
 * As {@link hostOf}, of a definition that is known by name.
 *
 * @param own the name of the host that has its body, if that is in another language
 */
export function hostNameOf(own: string | undefined, dispatcher: Dispatcher | undefined): string | undefined {
  const given = hostThatCan(own !== undefined, dispatcher);
  return given ? hostName(given) : own;
}

/** The host that a dispatcher names, if it calls such bodies: threads call those of TypeScript, all others those of other languages. */
function hostThatCan(isForeign: boolean, dispatcher: Dispatcher | undefined): BodyHostOptions | undefined {
  const given = dispatcher?.host;
  return given && (given.kind === 'threads') !== isForeign ? given : undefined;
}

/** Nodes whose function, or whose elements' function, is a body like others. */
const WITH_FUNCTIONS: ReadonlySet<string> = new Set(['gate', 'branch', 'loop', 'map']);

/** The knots of a tapestry whose bodies a host calls, with these bodies; and the bodies, without a knot, by which its runs may be extended. */
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

/** @throws SelvageError `InvalidConfig` if the options name a host that cannot call the body */
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

/**
 * Only with its source here can a plan say which code a knot is to wait for.
 *
 * @throws SelvageError `InvalidConfig`
 */
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
