import { celery, dask, hostedKnot, knot, pythonKnot, ray, runLocally, tapestry } from '../../../src';
import { recordOf } from '../../../src/authoring';
import { compile } from '../../../src/plan';
import { refusal } from '../../support/refusal';

test.each([
  ['has "local" and "scheduler": name one of the two', () => dask({ local: true, scheduler: 'tcp://a:1' })],
  ['must be true or { workers: 4 }', () => dask({ local: { workers: 0 } })],
  ['numbers above 0', () => dask({ resources: { GPU: 0 } })],
  ['"processes", which is no option', () => dask({ processes: 2 } as object)],
  ['has "local" and "address": name one of the two', () => ray({ local: true, address: 'auto' })],
  ['has "numGpus", which must be a number, 0 or more', () => ray({ numGpus: -1 })],
  ['has "queue"', () => celery({ queue: '' })],
])('an option of a cluster that cannot be is refused: it %s', (said, make) => {
  let thrown: unknown;
  try {
    make();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject(refusal('InvalidConfig', said));
});

test('a body of TypeScript cannot be called by a cluster', () => {
  const here = knot('here', () => 1);
  expect(() => tapestry('t', () => ({ one: here({}, { id: 'one', dispatcher: dask() }) }))).toThrow(
    'dask() calls those of other languages',
  );
});

test('a definition may name its cluster, and a cluster stands for the host of pythonKnot()', () => {
  const host = celery({ queue: 'q' });
  expect(() =>
    tapestry('t', () => ({
      one: hostedKnot<object, number>(host, 'pkg:one')({}, { id: 'one' }),
      two: pythonKnot<object, number>('pkg:two')({}, { id: 'two', dispatcher: host }),
      three: pythonKnot<object, number>('pkg:three', { host: ray() })({}, { id: 'three' }),
    })),
  ).not.toThrow();
});

test('two clusters of one name are refused, without their passwords', async () => {
  const of = (broker: string) =>
    pythonKnot<object, number>(`pkg:${broker}`, {
      host: celery({ broker: `redis://ada:${broker}-secret@host/0` }),
    });
  const clashing = tapestry('clashing', () => ({
    one: of('one')({}, { id: 'one' }),
    two: of('two')({}, { id: 'two' }),
  }));
  const run = runLocally(clashing, {});
  await expect(run).rejects.toMatchObject(refusal('InvalidConfig', 'redis://ada:***@host/0'));
  await expect(run).rejects.not.toMatchObject(refusal('InvalidConfig', 'secret'));
});

test('a knot cannot wait for code that only its host knows', () => {
  const body = pythonKnot<object, number>('pkg:body');
  const build = (name: string, of: typeof body) => () =>
    tapestry(name, { knots: { onCodeChange: 'wait' } }, () => ({ one: of({}, { id: 'one' }) }));
  expect(build('unknown', body)).toThrow('only its host knows the source of the body "pkg:body"');
  const source = `sha256:${'0'.repeat(64)}`;
  const known = build('known', pythonKnot<object, number>('pkg:body', { source }))();
  expect(compile(recordOf(known)).plan.definitions).toEqual([{ name: 'pkg:body', codeHash: source }]);
});
