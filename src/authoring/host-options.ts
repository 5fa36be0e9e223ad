import { isObject } from '../values';
import { line, nested, oneOf, positive, text, texts, wholeNumber, type Check } from './checks';
import type {
  BodyHostOptions,
  CeleryHost,
  DaskHost,
  ProgramHost,
  PythonHost,
  RayHost,
  ThreadsHost,
} from './dispatchers';

const LONGEST_HOST_NAME = 200;

const clusterFields = {
  name: line(LONGEST_HOST_NAME),
  interpreter: text,
  path: texts,
};

const localCluster: Check = (value) =>
  value === true
    ? undefined
    : nested<{ workers: number }>({ workers: wholeNumber })(value) && 'must be true or { workers: 4 }';

const amounts: Check = (value) =>
  isObject(value) && Object.values(value).every((amount) => positive(amount) === undefined)
    ? undefined
    : 'must be an object of numbers above 0, such as { GPU: 1 }';

const zeroOrMore: Check = (value) =>
  value === 0 || positive(value) === undefined ? undefined : 'must be a number, 0 or more';

const json: Check = (value) => {
  if (!isObject(value)) return 'must be an object';
  try {
    JSON.stringify(value);
    return undefined;
  } catch {
    return 'must be an object that JSON can say';
  }
};

/** A cluster is either named by its address or started beside the worker. */
const oneCluster =
  (fields: Check, address: string): Check =>
  (value) =>
    fields(value) ??
    ((value as Record<string, unknown>)['local'] !== undefined &&
    (value as Record<string, unknown>)[address] !== undefined
      ? `has "local" and "${address}": name one of the two`
      : undefined);

const hostFields: { readonly [Kind in BodyHostOptions['kind']]: Check } = {
  threads: nested<ThreadsHost>({
    kind: oneOf('threads'),
    name: line(LONGEST_HOST_NAME),
    maxWorkers: wholeNumber,
    memoryLimit: wholeNumber,
    module: text,
  }),
  program: nested<ProgramHost>(
    {
      kind: oneOf('program'),
      name: line(LONGEST_HOST_NAME),
      command: (value) => texts(value) ?? ((value as []).length === 0 ? 'must name a program' : undefined),
      cwd: text,
      processes: wholeNumber,
      modules: texts,
    },
    ['command'],
  ),
  python: nested<PythonHost>({
    kind: oneOf('python'),
    name: line(LONGEST_HOST_NAME),
    interpreter: text,
    processes: wholeNumber,
    path: texts,
  }),
  dask: oneCluster(
    nested<DaskHost>({
      ...clusterFields,
      kind: oneOf('dask'),
      scheduler: line(),
      local: localCluster,
      resources: amounts,
    }),
    'scheduler',
  ),
  ray: oneCluster(
    nested<RayHost>({
      ...clusterFields,
      kind: oneOf('ray'),
      address: line(),
      local: localCluster,
      numCpus: zeroOrMore,
      numGpus: zeroOrMore,
      resources: amounts,
      runtimeEnv: json,
    }),
    'address',
  ),
  celery: nested<CeleryHost>({
    ...clusterFields,
    kind: oneOf('celery'),
    broker: line(),
    state: line(),
    queue: line(),
  }),
};

/** Checks the option `host` of a dispatcher. */
export const bodyHost: Check = (value) => {
  const kind = isObject(value) ? (value['kind'] as string) : '';
  return Object.hasOwn(hostFields, kind)
    ? hostFields[kind as BodyHostOptions['kind']](value)
    : 'must be what threads(), python(), program(), dask(), ray() or celery() answers';
};
