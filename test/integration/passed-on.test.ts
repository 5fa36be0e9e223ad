import { z } from 'zod';
import {
  branch,
  firstOk,
  gate,
  knot,
  local,
  queue,
  runLocally,
  tapestry,
  type Dispatcher,
  type Knot,
  type Tapestry,
} from '../../src';
import type { LineageRecord } from '../../src/ports';
import { historyOf, largestPayload } from '../support/history';
import { closeAll, openSelvage, temporaryBackends } from '../support/open-selvage';
import { ValueMeter } from '../support/value-meter';

afterEach(closeAll);

/** More than a worker keeps at hand of one value, so that whoever needs it reads it from the data store. */
const LARGE = 20 * 1024 * 1024;
/** An inline value is at most 2 KiB, and has little around it. */
const LARGEST_PAYLOAD = 2.5 * 1024;

type Parcel = { readonly type: 'parcel'; readonly n: number; readonly text: string };
type Letter = { readonly type: 'letter' };
type Passing = Tapestry<{ n: number }, { n: number }>;

const makeBody = ({ n }: { n: number }): Parcel | Letter => ({
  type: 'parcel',
  n,
  text: 'x'.repeat(LARGE),
});
const make = knot('make', makeBody);
const makeQueued = knot('make-queued', { dispatcher: queue() }, makeBody);
const numberOf = knot('number-of', ({ parcel }: { parcel: Parcel | Letter }) =>
  parcel.type === 'parcel' ? parcel.n : -1,
);

/** Below one another; all but the last have a function, which is given the value. */
const NODES: ((input: Knot<Parcel | Letter>) => Knot<Parcel | Letter>)[] = [
  (input) => gate({ input, predicate: (parcel) => parcel.type === 'parcel' }, { id: 'gate' }),
  (input) =>
    branch(
      {
        input,
        branches: ['kept', 'other'],
        selector: (parcel) => (parcel.type === 'parcel' ? 'kept' : 'other'),
      },
      { id: 'selected' },
    ).path('kept'),
  (input) => branch({ input, on: 'type' }, { id: 'kind' }).path('parcel'),
  (input) => firstOk({ of: [input] }, { id: 'first' }),
];
const FUNCTIONS = 3;
/** The knot at the end reads it, too. */
const READERS = FUNCTIONS + 1;

interface Host {
  readonly name: string;
  readonly dispatcher: Dispatcher;
  readonly make: typeof make;
  /** Whether who reads the value has it at hand from where it was made. */
  readonly isAtHand: boolean;
}
const SERVED: Host[] = [
  { name: 'in queued knots', dispatcher: queue(), make, isAtHand: false },
  { name: 'in a segment', dispatcher: local(), make, isAtHand: true },
  {
    name: 'in a segment below the queued knot that made it',
    dispatcher: local(),
    make: makeQueued,
    isAtHand: false,
  },
];

const passing = (host: Pick<Host, 'dispatcher' | 'make'>): Passing =>
  tapestry('passing', { knots: { dispatcher: host.dispatcher } }, (t) => {
    const made = host.make({ n: t.parameter('n', z.number()) }, { id: 'made' });
    const last = NODES.reduce<Knot<Parcel | Letter>>((input, node) => node(input), made);
    return { n: numberOf({ parcel: last }, { id: 'n' }) };
  });

async function meter(): Promise<ValueMeter> {
  return new ValueMeter(await temporaryBackends(), LARGE);
}

const namesOf = (records: readonly LineageRecord[], hash: string | null): string[] =>
  records.filter(({ output_hash }) => output_hash === hash).map(({ knot_id }) => knot_id);

/** The knots that have the large value, of which there is one copy. */
function expectPassedOn(records: readonly LineageRecord[]): void {
  const made = records.find(({ knot_id }) => knot_id === 'made')!;
  expect(made.output_size).toBeGreaterThan(LARGE);
  expect(namesOf(records, made.output_hash)).toHaveLength(1 + NODES.length);
}

test.each(SERVED)('a large value is passed on by gates, branches and firstOk: $name', async (host) => {
  const metered = await meter();
  const shape = passing(host);
  const selvage = await openSelvage({ tapestries: [shape], backends: metered.backends });
  const run = await selvage.start(shape, { n: 7 });
  expect(await run.values()).toEqual({ n: 7 });
  expect({ reads: metered.reads, writes: metered.writes }).toEqual({
    reads: host.isAtHand ? 0 : READERS,
    writes: 1,
  });
  expectPassedOn(await run.lineage());
  const payload = largestPayload(await historyOf(selvage, run.runId));
  expect(payload).toBeGreaterThan(0);
  expect(payload).toBeLessThan(LARGEST_PAYLOAD);
});

test('in process, where whoever reads it has it at hand', async () => {
  const metered = await meter();
  const { values, lineage } = await runLocally(
    passing({ dispatcher: queue(), make }),
    { n: 7 },
    { backends: metered.backends },
  );
  expect(values).toEqual({ n: 7 });
  expect({ reads: metered.reads, writes: metered.writes }).toEqual({ reads: 0, writes: 1 });
  expectPassedOn(lineage);
});
