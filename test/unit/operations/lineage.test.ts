import { z } from 'zod';
import { knot, map, runLocally, tapestry } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends/in-memory';
import { call } from '../../../src/operations/call';
import { projectData, type Rights } from '../../../src/operations/surroundings';
import { nobody } from '../../support/page';

const OWNER: Rights = { mayAct: true, isReadOnly: false, maySeeSecrets: true };
const READER: Rights = { mayAct: false, isReadOnly: false, maySeeSecrets: false };

const measure = knot('measure', ({ token, unit }: { token: string; unit: string }) => token.length + unit);
const measured = tapestry('measured', () => ({
  m: measure({ token: 'Zq7sesame', unit: 'cm' }, { id: 'm' }),
}));

const plus = knot('plus', ({ n }: { n: number }) => n + 1);
const twice = knot('twice', ({ n }: { n: number }) => n * 2 + 10);
const listed = (each: typeof plus) =>
  tapestry('listed', { parameters: { over: z.array(z.number()) } }, (_, { over }) => ({
    all: map({ over, each, bind: 'n' }, { id: 'all' }),
  }));

test('why tells small constants, those with a secret name to whoever may see secrets', async () => {
  const data = projectData(createInMemoryBackends(), nobody);
  const { lineage } = await runLocally(measured, {}, { backends: data.backends });
  const hash = lineage.find(({ knot_id }) => knot_id === 'm')!.output_hash!;
  const constantsFor = async (caller: Rights): Promise<unknown[]> => {
    const { items } = await call({ ...data, caller }, 'lineage.why', { hash });
    return items[0]!.inputs!.map(({ constant }) => constant);
  };
  expect(await constantsFor(OWNER)).toEqual(['Zq7sesame', 'cm']);
  expect(await constantsFor(READER)).toEqual(['[redacted]', 'cm']);
});

test('diff joins the elements of a map that differ for one reason, and counts knots and differences', async () => {
  const data = projectData(createInMemoryBackends(), nobody);
  const over = [0, 1, 2, 3];
  await runLocally(listed(plus), { over }, { backends: data.backends, runId: 'plus' });
  await runLocally(listed(twice), { over }, { backends: data.backends, runId: 'twice' });
  const diff = async (limit: number) =>
    await call({ ...data, caller: OWNER }, 'lineage.diff', { first: 'plus', second: 'twice', limit });
  const { items, ...counts } = await diff(50);
  expect(items.map(({ name, count, knotId, isFirst }) => [name, count, knotId, isFirst])).toEqual([
    ['all[0–3]', 4, 'all[0]', true],
    ['all', undefined, 'all', false],
  ]);
  expect(items[0]).toMatchObject({ first: { runId: 'plus', outcome: 'ok' }, second: { runId: 'twice' } });
  expect(counts).toMatchObject({ equal: 1, different: 5, total: 2 });
  expect((await diff(1)).items).toHaveLength(1);
});
