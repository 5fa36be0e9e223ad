import { availableParallelism } from 'node:os';
import path from 'node:path';
import { hostName, hostedKnots } from '../authoring/body-host';
import { bodyNames } from '../authoring/body-names';
import { cacheOf } from '../authoring/cacheable';
import { codeHashOf } from '../authoring/hashes';
import { didYouMean } from '../authoring/names';
import type { DefinitionRecord, KnotRecord, TapestryRecord } from '../authoring/records';
import type { BodyHostOptions, PythonHost } from '../authoring/dispatchers';
import { SelvageError } from '../errors';
import { hostMissing, type BodyCall, type BodyHosts } from '../runtime';
import { nodeSha256 } from '../node/node-sha256';
import { taskQueuesOf } from '../plan';
import { canonicalJson, type Json } from '../values';
import { loadedFrom } from '../user-modules';
import { HostPool, type StartHost } from './host-pool';
import type { BodyDescription } from './protocol/messages';
import { startPython } from './processes/python';
import { startProcess } from './processes/process-host';
import { startThread } from './threads/thread-host';

/** Receives a program's line that belongs to no single body. */
export type Said = (host: string, line: string) => void;

/** A knot, or the elements of a map, whose body a host calls. */
interface Placed {
  readonly tapestry: string;
  /** The knot; absent for bodies that extensions may place. */
  readonly knot: KnotRecord | undefined;
  readonly body: DefinitionRecord;
}

interface Wanted {
  options: BodyHostOptions;
  readonly placed: Placed[];
}

interface OpenHost {
  readonly pool: HostPool;
  /** The host's own names for bodies. */
  nameOf(definition: DefinitionRecord): string | undefined;
}

/**
 * Starts the body hosts that tapestries name, and compares their bodies with the placed ones. Returns undefined if no
 * host is named.
 *
 * @param tapestries all registered tapestries, with nested ones
 * @param taskQueue of the worker: opens only the hosts of bodies called there. Default: all
 * @throws SelvageError `InvalidConfig` for two hosts of one name; `HostNotUsable`, `HostMismatch`
 */
export async function openHosts(
  tapestries: Iterable<TapestryRecord>,
  said: Said,
  taskQueue?: string,
): Promise<BodyHosts | undefined> {
  const all = [...tapestries];
  const wanted = wantedHosts(all, taskQueue);
  if (wanted.size === 0) return undefined;
  const names = new Map([...bodyNames(all)].map(([name, definition]) => [definition, name]));
  const open = new Map<string, OpenHost>();
  const hosts = new OpenHosts(open);
  try {
    for (const [name, { options: host, placed }] of wanted) {
      const opened = openHost(host, names, loadedFrom(all), said);
      open.set(name, opened);
      await compare(name, opened, host, placed);
    }
    return hosts;
  } catch (error) {
    await hosts.close();
    throw error;
  }
}

/** Names of the hosts that {@link openHosts} opens. @throws SelvageError `InvalidConfig` for two hosts of one name */
export function hostNames(tapestries: Iterable<TapestryRecord>, taskQueue: string): string[] {
  return [...wantedHosts([...tapestries], taskQueue).keys()];
}

class OpenHosts implements BodyHosts {
  constructor(private readonly open: ReadonlyMap<string, OpenHost>) {}

  async call(call: BodyCall): Promise<unknown> {
    const { definition, policy, context } = call;
    const host = this.open.get(policy.host!);
    const body = host?.nameOf(definition);
    if (!host || body === undefined) throw hostMissing(policy.host!, context.knotId);
    return await host.pool.call(body, call);
  }

  codeHashOf(name: string, definition: DefinitionRecord): string | undefined {
    // Threads may compile a body differently from the worker.
    if (!definition.host) return undefined;
    const source = this.open.get(name)?.pool.bodies.get(definition.name)?.source;
    return source === undefined ? undefined : codeHashOf(source, nodeSha256);
  }

  troubles(): ReadonlyMap<string, unknown> {
    return new Map([...this.open].map(([name, { pool }]) => [name, pool.trouble]));
  }

  async close(): Promise<void> {
    await Promise.all([...this.open.values()].map(({ pool }) => pool.close()));
  }
}

function wantedHosts(
  tapestries: readonly TapestryRecord[],
  taskQueue: string | undefined,
): Map<string, Wanted> {
  const wanted = new Map<string, Wanted>();
  const isCalled = taskQueue === undefined ? () => true : calledOn(taskQueue, tapestries);
  for (const tapestry of tapestries) {
    for (const [knot, body, host] of hostedKnots(tapestry)) {
      if (knot && !isCalled(knot)) continue;
      const name = hostName(host);
      const known = wanted.get(name);
      if (known) {
        known.options = sameHost(known.options, host, name);
        known.placed.push({ tapestry: tapestry.name, knot, body });
      } else {
        wanted.set(name, { options: host, placed: [{ tapestry: tapestry.name, knot, body }] });
      }
    }
  }
  return wanted;
}

/** A queue that only knots name has these knots' bodies; any other queue may be a run's, for its other knots. */
function calledOn(taskQueue: string, tapestries: readonly TapestryRecord[]): (knot: KnotRecord) => boolean {
  const knots = tapestries.flatMap((tapestry) => [...tapestry.knots.values()]);
  const isOfKnots = knots.some((knot) => queueNamedBy(knot) === taskQueue);
  const isOfRuns = !isOfKnots || taskQueuesOf(tapestries).includes(taskQueue);
  return (knot) => (queueNamedBy(knot) === undefined ? isOfRuns : queueNamedBy(knot) === taskQueue);
}

function queueNamedBy({ options: { dispatcher } }: KnotRecord): string | undefined {
  return dispatcher?.kind === 'queue' ? dispatcher.taskQueue : undefined;
}

/** A host without options may be any host of the name. */
function sameHost(one: BodyHostOptions, other: BodyHostOptions, name: string): BodyHostOptions {
  if (textOf(one) === textOf(other) || isPlain(other)) return one;
  if (isPlain(one)) return other;
  throw new SelvageError(
    'InvalidConfig',
    `Two body hosts of this worker are named "${name}" and have different options: ${shownAs(one)} and ${shownAs(other)}. Give both the same, or give one a ` +
      `name of its own: ${one.kind}({ name: 'other', … }).`,
    { details: { owner: 'the worker', option: 'host', reason: 'WrongValue' } },
  );
}

function isPlain(host: BodyHostOptions): boolean {
  return Object.keys(host).every((key) => key === 'kind' || key === 'name');
}

/** A host's options as shown, without passwords of addresses. */
function shownAs(host: BodyHostOptions): string {
  return textOf(host).replace(/(:\/\/[^:@/"]*):[^@"]*@/g, '$1:***@');
}

function textOf(host: BodyHostOptions): string {
  return canonicalJson(host as unknown as Json);
}

function openHost(
  host: BodyHostOptions,
  names: ReadonlyMap<DefinitionRecord, string>,
  loaded: string | undefined,
  said: Said,
): OpenHost {
  const ownName = ({ name }: DefinitionRecord): string => name;
  const name = hostName(host);
  const unheard = (line: string): void => said(name, line);
  const cores = availableParallelism();
  switch (host.kind) {
    case 'threads': {
      const { maxWorkers = cores, memoryLimit } = host;
      const module = moduleOf(host.module ?? loaded);
      const start: StartHost = () => startThread(module, memoryLimit);
      return {
        pool: new HostPool(start, maxWorkers, unheard),
        nameOf: (definition) => names.get(definition),
      };
    }
    case 'program': {
      const { command, cwd, processes = cores } = host;
      const start: StartHost = (heard) =>
        startProcess({
          name: `Program "${name}"`,
          remedy: `Is "${command[0]}" the right path, from ${cwd ?? 'the folder of the worker'}?`,
          command,
          cwd,
          said: heard,
        });
      return { pool: new HostPool(start, processes, unheard), nameOf: ownName };
    }
    default: {
      const { processes = cores } = host.kind === 'python' ? host : { processes: 1 };
      const start: StartHost = (heard) => startPython(host, heard, loaded);
      return { pool: new HostPool(start, processes, unheard, host.kind !== 'python'), nameOf: ownName };
    }
  }
}

function moduleOf(module: string | undefined): string {
  if (module !== undefined) return path.resolve(module);
  throw new SelvageError(
    'InvalidConfig',
    'Bodies are to be called in threads, and threads do not know which file has them. Name the file that exports the tapestries: ' +
      'threads({ module: __filename }).',
    { details: { owner: 'threads()', option: 'module', reason: 'MissingValue' } },
  );
}

/** Starts the first of a host's threads or processes, and compares its bodies with the placed bodies. */
async function compare(
  name: string,
  { pool, nameOf }: OpenHost,
  host: BodyHostOptions,
  placed: readonly Placed[],
): Promise<void> {
  const described = await pool.open(modulesOf(host, placed));
  for (const one of placed) {
    const { tapestry, knot, body } = one;
    const ownName = nameOf(body);
    const there = ownName === undefined ? undefined : described.get(ownName);
    const problem = there ? differenceOf(one, there) : absence(host, ownName ?? body.name, described);
    if (problem === undefined) continue;
    throw new SelvageError(
      'HostMismatch',
      `The body host "${name}" cannot call the body of ${knot ? `knot "${knot.id}"` : 'knots that may be added to runs'} of tapestry "${tapestry}": ${problem}`,
      { details: { host: name, ...(knot && { knot: knot.id }), tapestry, definition: body.name } },
    );
  }
}

/**
 * Starts and ends a Python process, which describes the bodies of its modules.
 *
 * @throws SelvageError `HostNotUsable`, for a module that cannot be loaded with the frames of its files
 */
export async function describePython(
  options: Omit<PythonHost, 'kind'>,
  modules: readonly string[],
  said: Said,
): Promise<readonly BodyDescription[]> {
  const host: PythonHost = { ...options, kind: 'python' };
  const name = hostName(host);
  const pool = new HostPool(
    (heard) => startPython(host, heard),
    1,
    (line) => said(name, line),
  );
  try {
    return [...(await pool.open(modules)).values()];
  } finally {
    await pool.close();
  }
}

/** The host's modules with bodies: in Python, `pkg.module:name` is in `pkg.module`. */
function modulesOf(host: BodyHostOptions, placed: readonly Placed[]): readonly string[] {
  if (host.kind === 'program') return host.modules ?? [];
  if (host.kind === 'threads') return [];
  return [...new Set(placed.map(({ body }) => body.name.replace(/:[^:]*$/, '')))].sort();
}

function absence(host: BodyHostOptions, name: string, described: ReadonlyMap<string, unknown>): string {
  if (host.kind === 'threads')
    return (
      'the file that threads load does not make it. Export the tapestry from that file, and make it there when the file is loaded; name another file by ' +
      'threads({ module }).'
    );
  const names = [...described.keys()].sort();
  const has = names.length === 0 ? 'it has none' : `it has ${names.slice(0, 20).join(', ')}`;
  return `it has no body "${name}"${didYouMean(name, names)}; ${has}${names.length > 20 ? ` and ${names.length - 20} more` : ''}.`;
}

function isReusedBySource(knot: KnotRecord): boolean {
  return cacheOf(knot.options)?.codeHash === 'source';
}

function differenceOf({ knot, body }: Placed, there: BodyDescription): string | undefined {
  if (body.receives !== there.receives)
    return `it takes ${there.receives} there, and ${body.receives} here. Say \`receives: '${there.receives}'\` here, or change the body.`;
  // Threads may compile the source differently from the worker.
  if (!body.host) return undefined;
  const misfit = knot && there.input && inputMisfit(inputNames(knot, body), there.input);
  if (misfit !== undefined) return misfit;
  if (body.source !== undefined && there.source !== undefined && body.source !== there.source)
    return 'its source is another one there than here: it was edited since the types were written, or since this process was started. Write the types again, or restart the worker.';
  if (there.source === undefined && body.source === undefined && knot && isReusedBySource(knot))
    return "its values are to be reused as long as its source is the same, and the host says nothing of its source. Give it a version, and leave `codeHash: 'source'` out.";
  return undefined;
}

/** The names under which a body gets the inputs of its knot, or those of an element of a map. */
function inputNames({ inputs, definition }: KnotRecord, body: DefinitionRecord): string[] {
  const names = [...inputs.keys()];
  const { map } = definition ?? {};
  if (map?.each !== body) return names;
  return names.map((name) => (name === 'over' ? map.bind! : name.slice(name.indexOf('.') + 1)));
}

/** Compares names with the JSON Schema of a body's inputs. */
function inputMisfit(names: readonly string[], input: Readonly<Record<string, unknown>>): string | undefined {
  const { properties = {}, required = [], additionalProperties } = input as JsonSchemaOfObject;
  const unknown =
    additionalProperties === false ? names.filter((name) => !Object.hasOwn(properties, name)) : [];
  const missing = required.filter((name) => !names.includes(name));
  if (unknown.length === 0 && missing.length === 0) return undefined;
  const taken = listed(Object.keys(properties), 'no input');
  const meant = unknown.map((name) => didYouMean(name, Object.keys(properties))).join('');
  return `it takes ${taken} there, and is given ${listed(names, 'no input')} here${meant}. Correct the knot, or write the types again.`;
}

interface JsonSchemaOfObject {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
}

function listed(names: readonly string[], none: string): string {
  return names.length === 0 ? none : names.map((name) => `"${name}"`).join(', ');
}
