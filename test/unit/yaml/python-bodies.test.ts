import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  hostedKnot,
  knot,
  loadPipeline,
  loadPipelineFile,
  local,
  map,
  program,
  python,
  pythonKnot,
  queue,
  runLocally,
  tapestry,
  threads,
  type Dispatcher,
  type PipelineProblem,
} from '../../../src';
import { recordOf, type AnyTapestry } from '../../../src/authoring';
import { nodeSha256 } from '../../../src/node/node-sha256';
import { planOf } from '../../../src/runtime';
import { namedPython, yamlForTapestry } from '../../../src/yaml';
import { folderForEach } from '../../conformance/temporary-folder';
import { rejectionOf } from '../../support/rejection-of';
import { thrownBy } from '../../support/thrown-by';

const temporary = folderForEach();
const planTextOf = (made: AnyTapestry): string => planOf(recordOf(made), nodeSha256).text;

function write(text: string, files: Readonly<Record<string, string>> = {}): string {
  for (const [name, content] of Object.entries({ 'shop.yaml': text, ...files })) {
    mkdirSync(path.dirname(path.join(temporary(), name)), { recursive: true });
    writeFileSync(path.join(temporary(), name), content);
  }
  return path.join(temporary(), 'shop.yaml');
}

async function codesOf(text: string): Promise<string[]> {
  const { details } = (await rejectionOf(loadPipelineFile(write(text)))) as unknown as {
    details: { problems: PipelineProblem[] };
  };
  return details.problems.map(({ code, line, column }) => `${line}:${column} ${code}`);
}

const train = pythonKnot<{ rows: number[] }, number[]>('shop.models:train');
const score = pythonKnot<{ x: number }, number>('shop.models:score');
const merge = pythonKnot<{ a: number[]; b: number[] }, number>('shop.models:merge', { receives: 'outcomes' });

const DOCUMENT = `
name: shop
allow_callable_refs: true
allowed_module_prefixes: [shop]
nodes:
  - { id: trained, type: knot, callable: "python:shop.models:train", config: { rows: [1] } }
  - { id: again, type: knot, callable: shop.models.train, config: { rows: [2] }, dispatcher: { local: true, python: { processes: 2 } } }
  - { id: scored, type: map, over: trained, each: "python:shop.models:score", bind: x }
  - { id: merged, type: knot, callable: shop.models.merge, parents: { a: trained, b: again }, error_policy: receive_errors }
`;

test('a document names bodies of Python, as python:module:function and as pirn does', async () => {
  const { tapestry: loaded } = await loadPipelineFile(write(DOCUMENT));
  const written = tapestry('shop', () => {
    const trained = train({ rows: [1] }, { id: 'trained' });
    const again = train(
      { rows: [2] },
      { id: 'again', dispatcher: local({ host: python({ processes: 2 }) }) },
    );
    map({ over: trained, each: score, bind: 'x' }, { id: 'scored' });
    merge({ a: trained, b: again }, { id: 'merged', errorPolicy: 'receiveErrors' });
  });
  expect(planTextOf(loaded)).toBe(planTextOf(written));
});

test.each([
  ['does not allow references', DOCUMENT.replace('allow_callable_refs: true\n', ''), '5:42'],
  ['allows other modules', DOCUMENT.replace('[shop]', '[sho, shop.models.train]'), '6:42'],
])('a document that %s names none', async (_what, text, first) => {
  expect((await codesOf(text))[0]).toBe(`${first} CallableNotAllowed`);
});

test('a callable of the name goes before the body of Python', async () => {
  const text = 'allow_callable_refs: true\nnodes:\n  - { id: k, type: source, callable: app.knots.one }\n';
  const callables = { 'app.knots.one': () => 'here' };
  const { tapestry: loaded } = await loadPipelineFile(write(text), { callables });
  expect((await runLocally(loaded, {})).outputs).toEqual({ k: 'here' });
});

test('a body of Python is no function of a node', async () => {
  const text = `allow_callable_refs: true
nodes:
  - { id: x, type: parameter, type_: int }
  - { id: k, type: gate, input: x, predicate: "python:app:is_open" }
`;
  expect(await codesOf(text)).toEqual(['4:47 InvalidConfig']);
});

const here = knot('here', (_: object) => 1);
test.each<[unknown, Dispatcher]>([
  ['threads', threads()],
  ['local', local()],
  [{ queue: 'cpu' }, queue('cpu')],
  [
    { threads: { name: 'few', maxWorkers: 2, memoryLimit: 64 } },
    threads({ name: 'few', maxWorkers: 2, memoryLimit: 64 }),
  ],
  [{ queue: 'cpu', threads: {} }, queue('cpu', { host: threads() })],
  [{ local: true, threads: {} }, local({ host: threads() })],
])('the dispatcher %j is said and read', (said, dispatcher) => {
  const text = `name: t\nnodes:\n  - { id: k, type: knot, callable: here, dispatcher: ${JSON.stringify(said)} }\n`;
  const { tapestry: loaded } = loadPipeline(text, { callables: { here } });
  const written = tapestry('t', () => ({ k: here({}, { id: 'k', dispatcher }) }));
  expect(recordOf(loaded).knots.get('k')!.options.dispatcher).toEqual(dispatcher);
  expect(planTextOf(loaded)).toBe(planTextOf(written));
  const again = yamlForTapestry(written, { callables: { here } });
  expect(again).toContain('dispatcher:');
  expect(planTextOf(loadPipeline(again, { callables: { here } }).tapestry)).toBe(planTextOf(written));
});

test('bodies of Python are exported by name, or by the name under which the file exports them', () => {
  const typed = pythonKnot<{ x: number[] }, number>('shop.models:typed', { version: '2' });
  const written = tapestry('shop', { knots: { dispatcher: python({ name: 'gpu', processes: 1 }) } }, () => {
    const trained = train({ rows: [1] }, { id: 'trained' });
    return {
      typed: typed({ x: trained }, { id: 'typed' }),
      scored: map({ over: trained, each: score, bind: 'x' }, { id: 'scored' }),
    };
  });
  const text = yamlForTapestry(written, { callables: { typed } });
  expect(text).toContain('allow_callable_refs: true\n');
  expect(text).toContain('callable: python:shop.models:train\n');
  expect(text).toContain('each: python:shop.models:score\n');
  expect(text).toContain('callable: typed\n');
  const callables = { ...namedPython(written), typed };
  expect(Object.keys(callables).sort()).toEqual([
    'python:shop.models:score',
    'python:shop.models:train',
    'typed',
  ]);
  expect(planTextOf(loadPipeline(text, { callables }).tapestry)).toBe(planTextOf(written));
});

test('what a document must not start is not exported', () => {
  const outside = hostedKnot<object, number>(program({ command: ['./bodies'] }), 'outside');
  const written = tapestry('t', () => {
    train({ rows: [] }, { id: 'a', dispatcher: python({ interpreter: '/usr/bin/python3' }) });
    train({ rows: [] }, { id: 'b', dispatcher: program({ command: ['./bodies'] }) });
    here({}, { id: 'c', dispatcher: threads({ module: '/srv/file.js' }) });
    outside({}, { id: 'd' });
  });
  expect(thrownBy(() => yamlForTapestry(written, { callables: { here } }))).toMatchObject({
    code: 'NotExportable',
    details: {
      problems: [
        expect.stringContaining('python({ interpreter })') as unknown,
        expect.stringContaining('program({ command })') as unknown,
        expect.stringContaining('threads({ module })') as unknown,
        expect.stringContaining('the definition "outside", which "d" has, is not exported') as unknown,
      ],
    },
  });
});

test('a document runs bodies of Python', async () => {
  const file = write(DOCUMENT, {
    'shop/__init__.py': '',
    'shop/models.py': [
      'from selvage import Outcome, knot',
      '@knot',
      'def train(rows: list[int]) -> list[int]: return [row * 2 for row in rows]',
      '@knot',
      'def score(x: int) -> int: return x + 1',
      '@knot',
      'def merge(a: Outcome[list[int]], b: Outcome[list[int]]) -> list[int]: return a.value + b.value',
    ].join('\n'),
  });
  const { tapestry: loaded } = await loadPipelineFile(file);
  const before = process.env['PYTHONPATH'];
  process.env['PYTHONPATH'] = temporary();
  try {
    const { outputs } = await runLocally(loaded, {});
    expect(outputs).toMatchObject({ trained: [2], again: [4], scored: [3], merged: [2, 4] });
  } finally {
    if (before === undefined) delete process.env['PYTHONPATH'];
    else process.env['PYTHONPATH'] = before;
  }
});
