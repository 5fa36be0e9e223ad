import { knot, runLocally, tapestry } from 'selvage';
import { z } from 'zod';

const greet = knot('greet', ({ name, since }: { name: string; since: Date }) => {
  return `${name}, here since ${since.getUTCFullYear()}`;
});

const greeting = tapestry('greeting', (t) => {
  const name = t.parameter('name', z.string().trim());
  const since = t.parameter('since', z.coerce.date(), { default: '2020-01-01' });
  return { text: greet({ name, since }, { id: 'text' }) };
});

test('its value is what comes out of its schema', async () => {
  const { values, outputs } = await runLocally(greeting, { name: ' Ada ', since: '1815-12-10' });
  expect(values.text).toBe('Ada, here since 1815');
  expect(outputs['param:name']).toBe('Ada');
});

test('what is not given is its default', async () => {
  const { outputs } = await runLocally(greeting, { name: 'Ada' });
  expect(outputs['param:since']).toEqual(new Date('2020-01-01'));
});

test('a run without one, or with a wrong one, does not start', async () => {
  await expect(runLocally(greeting, { since: 'yesterday', Name: 'Ada' })).rejects.toMatchObject({
    code: 'InvalidParameters',
    details: {
      problems: [
        'unknown parameter "Name" (did you mean "name"?)',
        'missing parameter "name"',
        expect.stringContaining('parameter "since"'),
      ],
    },
  });
});

test('it is a knot with a record, and no body', async () => {
  const { lineage } = await runLocally(greeting, { name: 'Ada' });
  const record = lineage.find(({ knot_id }) => knot_id === 'param:name');
  expect(record).toMatchObject({ outcome: 'ok', knot_class: 'parameter', code_hash: null });
});
