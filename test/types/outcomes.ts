import { z } from 'zod';
import {
  isErr,
  isOk,
  isSkipped,
  knot,
  Knot,
  optional,
  Optional,
  tapestry,
  type KnotDefinition,
  type OptionalKnot,
  type Outcome,
  type ValuesOfTapestry,
} from '../../src';
import { expectType, type Same } from './expect-type';

const double = knot('double', ({ x }: { x: number }) => x * 2);
const recover = knot(
  'recover',
  { receives: 'outcomes' },
  async ({ a, b }: { a: Outcome<number>; b?: Outcome<string> }) =>
    a.kind === 'ok' ? a.value : b?.kind === 'ok' ? b.value.length : 0,
);
const report = knot(
  'report',
  { receives: 'outcomes', output: z.object({ failed: z.number() }) },
  ({ a }: { a: Outcome<number> }) => ({ failed: a.kind === 'err' ? 1 : 0 }),
);

// The guards narrow, and take what is not there.
function told(outcome: Outcome<number> | undefined): string {
  if (isOk(outcome)) return outcome.value.toFixed();
  if (isErr(outcome)) return outcome.error.message;
  if (isSkipped(outcome)) return outcome.reason;
  expectType<Same<typeof outcome, undefined>>(true);
  return 'nothing';
}
void told;

// @ts-expect-error inputs that are no outcomes
knot('wrong', { receives: 'outcomes' }, ({ a }: { a: number }) => a);
// @ts-expect-error outcomes have no input schema
knot('wrong', { receives: 'outcomes', input: z.object({ a: z.any() }) }, ({ a }: { a: Outcome }) => a.kind);
// @ts-expect-error the result is not what the output schema takes
knot('wrong', { receives: 'outcomes', output: z.string() }, ({ a }: { a: Outcome<number> }) => a);
// @ts-expect-error a policy of definitions that receive outcomes
knot('wrong', { errorPolicy: 'receiveErrors' }, ({ x }: { x: number }) => x);

class Summarise extends Knot<{ a: Outcome<number> }, string> {
  static readonly knotName = 'summarise';
  static readonly receives = 'outcomes';

  process({ a }: { a: Outcome<number> }): string {
    return a.kind;
  }
}

class Lookup extends Optional(Knot)<{ x: number }, string> {
  static readonly knotName = 'lookup';

  process({ x }: { x: number }): string {
    return String(x);
  }
}

class Guess extends Optional(Knot)<{ a: Outcome<number> }, string> {
  static readonly knotName = 'guess';
  static readonly receives = 'outcomes';

  process({ a }: { a: Outcome<number> }): string {
    return a.kind;
  }
}

const maybeDouble = optional(double);
const maybeRecover = optional(recover);
expectType<Same<typeof double, KnotDefinition<{ x: number }, number>>>(true);
// @ts-expect-error no definition
optional(3);

const outcomes = tapestry('outcomes', (t) => {
  const x = t.parameter('x', z.number());
  const d = double({ x }, { id: 'd', errorPolicy: 'requireAllParents' });
  const r = recover({ a: d, b: 'text' }, { id: 'r', errorPolicy: 'receiveErrors' });
  expectType<Same<typeof r, Knot<number, 'r'>>>(true);
  recover({ a: 1 }, { id: 'constant', errorPolicy: 'skipIfParentFailed' });
  const told = report({ a: d }, { id: 'told' });
  const summary = Summarise.place({ a: d }, { id: 'summary', errorPolicy: 'receiveErrors' });
  const maybe = maybeDouble({ x: r }, { id: 'maybe' });
  expectType<Same<typeof maybe, OptionalKnot<number, 'maybe', 'optional'>>>(true);
  double({ x: maybe }, { id: 'below' });
  maybeRecover({ a: maybe }, { id: 'maybeRecovered', errorPolicy: 'receiveErrors' });
  const looked = Lookup.place({ x: d }, { id: 'looked' });
  const guess = Guess.place({ a: d }, { id: 'guess', errorPolicy: 'receiveErrors' });

  // @ts-expect-error the definition takes values
  double({ x }, { id: 'bad', errorPolicy: 'receiveErrors' });
  // @ts-expect-error a class that takes values
  Lookup.place({ x }, { id: 'bad', errorPolicy: 'receiveErrors' });
  // @ts-expect-error a text where a number is expected
  recover({ a: 'text' }, { id: 'bad' });
  // @ts-expect-error an outcome is no input: the value is
  recover({ a: { kind: 'ok', value: 1 } }, { id: 'bad' });
  // @ts-expect-error a text where a number is expected
  Summarise.place({ a: 'text' }, { id: 'bad' });
  // @ts-expect-error no policy
  double({ x }, { id: 'bad', errorPolicy: 'ignore' });

  return { r, told, summary, maybe, looked, guess };
});

expectType<
  Same<
    ValuesOfTapestry<typeof outcomes>,
    {
      r: number;
      told: { failed: number };
      summary: string;
      maybe: number | undefined;
      looked: string | undefined;
      guess: string | undefined;
    }
  >
>(true);

// @ts-expect-error not all knots of a tapestry receive outcomes
tapestry('wrong', { knots: { errorPolicy: 'receiveErrors' } }, () => undefined);
