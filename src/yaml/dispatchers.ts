import type { z as Zod, ZodType } from 'zod';
import { local, queue } from '../authoring';
import type { BodyHostOptions, Dispatcher } from '../authoring/dispatchers';
import { NotSayable } from './not-sayable';

type Fields = Readonly<Record<string, unknown>>;

/** Options of hosts in documents. Files and programs are only for code, so that no document starts a program. */
const OPTIONS = {
  threads: ['maxWorkers', 'memoryLimit'],
  python: ['processes'],
  // The worker's environment says where a cluster is.
  dask: [],
  ray: ['numCpus', 'numGpus'],
  celery: [],
} as const satisfies Partial<Record<BodyHostOptions['kind'], readonly string[]>>;
const HOSTS = Object.keys(OPTIONS) as (keyof typeof OPTIONS)[];
const FORMS = `local, queue, ${HOSTS.join(', ')}, or an object such as { queue: NAME, python: { processes: 4 } }`;

export function dispatcherShape(z: typeof Zod): ZodType {
  const name = z.string().min(1);
  const hosts = Object.entries(OPTIONS).flatMap(([kind, options]) => {
    const fields = Object.fromEntries(options.map((option) => [option, z.number().optional()]));
    const host = { [kind]: z.strictObject({ name: name.optional(), ...fields }) };
    return [
      z.strictObject({ ...host, queue: name.optional() }),
      z.strictObject({ ...host, local: z.literal(true) }),
    ];
  });
  return z
    .union([z.enum(['local', 'queue', ...HOSTS]), z.strictObject({ queue: name }), ...hosts], {
      error: FORMS,
    })
    .meta({ description: `Where the body runs, and what calls it: ${FORMS}` });
}

/** Wrong options of a host are reported when the knot is placed. */
export function readDispatcher(value: unknown): unknown {
  if (value === 'local') return local();
  if (value === 'queue') return queue();
  if (HOSTS.includes(value as never)) return { ...queue(), host: { kind: value } };
  // A wrong form of the dispatcher has been reported.
  if (typeof value !== 'object' || value === null) return value;
  const { queue: name, local: isLocal } = value as Fields;
  const where = isLocal === true ? local() : queue(name as string | undefined);
  const kind = HOSTS.find((host) => Object.hasOwn(value, host));
  return kind === undefined ? where : { ...where, host: { kind, ...((value as Fields)[kind] as object) } };
}

/** Throws `NotSayable`. */
export function sayDispatcher({ host, ...dispatcher }: Dispatcher): unknown {
  const isLocal = dispatcher.kind === 'local';
  const name = dispatcher.kind === 'queue' ? dispatcher.taskQueue : undefined;
  if (!host) return isLocal ? 'local' : name === undefined ? 'queue' : { queue: name };
  const options = sayHost(host);
  if (!isLocal && name === undefined && Object.keys(options).length === 0) return host.kind;
  return {
    ...(isLocal && { local: true }),
    ...(name !== undefined && { queue: name }),
    [host.kind]: options,
  };
}

function sayHost({ kind, ...options }: BodyHostOptions): Fields {
  const sayable: readonly string[] = kind === 'program' ? [] : ['name', ...OPTIONS[kind]];
  const other = Object.keys(options).find((option) => !sayable.includes(option));
  if (other === undefined && kind !== 'program') return options;
  throw new NotSayable(
    `the dispatcher ${kind}({ ${other ?? ''} }) names what a document must not start. Say it of a definition in the file (hostedKnot, pythonKnot)`,
  );
}
