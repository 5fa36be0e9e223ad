import { z } from 'zod';
import { knot, queue, Selvage, type KnotDefinition, type NoInputs } from '../../src';
import { expectType, type Same } from './expect-type';

const plain = knot('plain', ({ a }: { a: number }, ctx) => `${a}${ctx.runId}`);
expectType<Same<typeof plain, KnotDefinition<{ a: number }, string>>>(true);

const waiting = knot('waiting', async ({ a }: { a: number }) => [a]);
expectType<Same<typeof waiting, KnotDefinition<{ a: number }, number[]>>>(true);

const source = knot('source', () => true);
expectType<Same<typeof source, KnotDefinition<NoInputs, boolean>>>(true);

const both = knot('both', { input: z.object({ a: z.coerce.number() }), output: z.string() }, ({ a }) =>
  a.toFixed(2),
);
expectType<Same<typeof both, KnotDefinition<{ a: unknown }, string>>>(true);

const input = knot('input', { input: z.object({ a: z.number() }), version: '2' }, async ({ a }, ctx) => {
  ctx.heartbeat({ a });
  ctx.logger.info('a', { a });
  return a;
});
expectType<Same<typeof input, KnotDefinition<{ a: number }, number>>>(true);

const output = knot('output', { output: z.array(z.number()) }, async ({ n }: { n: number }) => [n]);
expectType<Same<typeof output, KnotDefinition<{ n: number }, number[]>>>(true);

const options = knot(
  'options',
  { version: '1', timeout: 5, dispatcher: queue('gpu') },
  ({ n }: { n: number }) => n,
);
expectType<Same<typeof options, KnotDefinition<{ n: number }, number>>>(true);

// @ts-expect-error the body returns a number where the schema says text
knot('bad', { input: z.object({ a: z.number() }), output: z.string() }, ({ a }) => a);
const schemas = { input: z.object({ a: z.number() }), output: z.string() };
// @ts-expect-error the same, with options that are not written in place
knot('bad', schemas, ({ a }) => a);
// @ts-expect-error the body returns a number where the schema says text, and no input schema
knot('bad', { output: z.string() }, ({ a }: { a: number }) => a);
// @ts-expect-error the body takes a text where the schema gives a number
knot('bad', { input: z.object({ a: z.number() }) }, ({ a }: { a: string }) => a);
// @ts-expect-error an input schema that is no schema of an object
knot('bad', { input: z.number() }, () => 1);
// @ts-expect-error an unknown option
knot('bad', { retries: 3 }, () => 1);
// @ts-expect-error no body
knot('bad');

// @ts-expect-error the class is exported by `selvage/client`, as the name of this type says
void Selvage.open;
