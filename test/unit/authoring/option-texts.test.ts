import { knot, loadPipeline, tapestry, type PipelineProblem, type Tapestry } from '../../../src';
import { recordOf } from '../../../src/authoring';
import { SelvageError } from '../../../src/errors';

const OPTIONS = [
  'errorPolicy',
  'retry',
  'timeout',
  'cancelGrace',
  'dispatcher',
  'onCodeChange',
  'cache',
  'maxConcurrent',
  'ratePerSecond',
  'priority',
  'validate',
  'logs',
  'summary',
  'reads',
  'writes',
  'columns',
];

/** Names that are no options, beside spellings that documents take. */
const NO_OPTIONS = ['tiemout', 'id', 'error_policy', 'validate_io', 'description', 'tags'];

/** Each is given to every option, on a placement and in a node: right for some, and wrong for most. */
const COMMON: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  3,
  '',
  '90s',
  'run',
  'receiveErrors',
  'a\nb',
  [],
  ['a', ''],
  {},
  { kee: 1 },
];

/** Given to one option alone. */
const OWN: Readonly<Record<string, readonly unknown[]>> = {
  errorPolicy: ['skipIfParentFailed', 'require_all_parents'],
  retry: [
    { maximumAttempts: 0 },
    { maximumAttempts: 3, initialInterval: '2s', maximumInterval: '1m', backoffCoefficient: 1.5 },
    { initialInterval: 'soon' },
    { initialInterval: '2s', maximumInterval: 1_000 },
    { maximumInterval: 10 },
    { backoffCoefficient: 0.5 },
    { nonRetryableErrors: ['A', 3] },
    { maximumAttempts: '3' },
    { maximumAtempts: 3 },
  ],
  timeout: ['1 hour', '0s'],
  cancelGrace: ['0s', 'soon'],
  dispatcher: [
    'local',
    'queue',
    { queue: 'x' },
    { queue: 5 },
    { local: true },
    { kind: 'queue' },
    { kind: 'local', taskQueue: 'x' },
    { kind: 'queue', taskQueue: '' },
    { kind: 'cloud' },
    { kind: 'queue', host: { kind: 'threads', count: 0 } },
    { python: {} },
  ],
  onCodeChange: ['wait'],
  cache: [{ maxAge: '1d' }, { maxAge: 0 }, { codeHash: 'source' }, { codeHash: 'all' }, { maxAeg: 1 }],
  maxConcurrent: [{ key: 'api' }, { key: 'api', limit: 2 }, { key: 'api', limit: 0 }, { key: '', limit: 1 }],
  ratePerSecond: [0.5, { limit: 1 }, { key: 'api', limit: 0.5 }, { key: 'x'.repeat(201), limit: 1 }],
  priority: [5, 6],
  summary: ['One line.', 'é'.repeat(300)],
  reads: [
    'postgres://host/db/a.b',
    { namespace: 's3://bucket', name: 'x' },
    { namespace: '', name: 'x' },
    ['x'],
  ],
  columns: [{ total: ['orders.amount'] }, { total: 'orders' }, { total: [''] }],
};

const double = knot('double', ({ x }: { x: number }) => 2 * x) as unknown as (
  inputs: object,
  options?: object,
) => unknown;

const callables = { double };
const optionsOf = (made: Tapestry): unknown => [...recordOf(made).knots.values()].at(-1)!.options;
const documentWith = (node: object, more: object): string =>
  JSON.stringify({
    nodes: [{ id: 'k', type: 'knot', callable: 'double', config: { x: 1 }, ...node }],
    ...more,
  });

/** By place, makes a knot with these options, and answers how they were read. */
const PLACES: Readonly<Record<string, (options: object) => unknown>> = {
  placement: (options) => optionsOf(tapestry('t', () => void double({ x: 1 }, { id: 'k', ...options }))),
  definition: (options) => {
    const made = knot('double', { ...options }, ({ x }: { x: number }) => 2 * x);
    return optionsOf(tapestry('t', () => void made({ x: 1 }, { id: 'k' })));
  },
  tapestry: (options) => optionsOf(tapestry('t', { knots: options }, () => void double({ x: 1 }, {}))),
  node: (options) => optionsOf(loadPipeline(documentWith(options, {}), { callables }).tapestry),
  document: (options) =>
    optionsOf(loadPipeline(documentWith({}, { knots: options }), { callables }).tapestry),
};

function outcomeOf(make: () => unknown): unknown {
  try {
    return make();
  } catch (error) {
    if (!SelvageError.is(error)) throw error;
    const problems = error.details['problems'] as readonly PipelineProblem[] | undefined;
    return problems
      ? problems.map(({ line, column, code, message }) => `${line}:${column} ${code}: ${message}`)
      : `${error.code}: ${error.message}`;
  }
}

/** What is recorded was made by an earlier build: texts and readings that are meant to change are recorded with `-u`. */
test.each([...OPTIONS, ...NO_OPTIONS])('how the option %s is read or refused', (option) => {
  for (const [place, make] of Object.entries(PLACES)) {
    const isWhole = OPTIONS.includes(option) && (place === 'placement' || place === 'node');
    const values = isWhole ? [...COMMON, ...(OWN[option] ?? [])] : ['90s', { kee: 1 }];
    const outcomes = values.map(
      (value) =>
        `${JSON.stringify(value).slice(0, 60)} → ${JSON.stringify(outcomeOf(() => make({ [option]: value })))}`,
    );
    expect(outcomes.join('\n')).toMatchSnapshot(place);
  }
});
