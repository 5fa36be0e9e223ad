import { knot } from '../../src';
import { expectType, type Same } from './expect-type';

interface Pool {
  query(sql: string): Promise<string[]>;
}

// As a user does it, for all of a program: hence a name that no other test has.
declare module '../../src' {
  interface Resources {
    typedPool: Pool;
  }
}

knot('query', async ({ sql }: { sql: string }, ctx) => {
  const { typedPool } = ctx.resources;
  expectType<Same<typeof typedPool, Pool>>(true);
  // @ts-expect-error a method that the resource does not have
  typedPool.drop();
  return typedPool.query(sql);
});
