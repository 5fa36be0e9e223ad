import {
  aggregate,
  knot,
  local,
  map,
  queue,
  reduce,
  runLocally,
  source,
  tapestry,
  type Dispatcher,
  type Knot,
  type Tapestry,
} from '../../src';
import { below, randomOf, type Random } from '../../src/testing/simulator/random';
import { closeAll, openSelvage, temporaryBackends } from '../support/open-selvage';
import { runs } from '../support/thorough';

/*
 * Tapestries of functions that have one source in each kind of node, and capture random values. Values are small, so that many knots get the same
 * inputs: whatever takes the value of another function is wrong sooner or later.
 */

type Kind = 'source' | 'aggregate' | 'combine' | 'fold' | 'map' | 'version' | 'constant';
const KINDS: readonly Kind[] = ['source', 'aggregate', 'combine', 'fold', 'map', 'version', 'constant'];

afterEach(closeAll);

interface Spec {
  readonly kind: Kind;
  readonly k: number;
  /** Index among the earlier knots. */
  readonly parent: number;
}

/** Numbers below 7, from lists of them. */
const small = (x: number): number => ((x % 7) + 7) % 7;
const scale = knot('scale', { version: '1', cache: true }, ({ list, by }: { list: number[]; by: number }) =>
  list.map((x) => small(x * by)),
);

function closures(
  name: string,
  specs: readonly Spec[],
  dispatcher: Dispatcher,
): Tapestry<object, Record<string, number[]>> {
  return tapestry(name, { knots: { dispatcher, cache: { codeHash: 'source' } } }, () => {
    const placed: Knot<number[]>[] = [];
    specs.forEach(({ kind, k, parent }, index) => {
      const of = placed[parent];
      const config = { id: `k${index}` };
      if (!of || kind === 'source') placed.push(source({ read: () => [k, k + 1] }, config));
      else if (kind === 'aggregate')
        placed.push(
          aggregate({ inputs: { of }, combine: (given) => given.of.map((x) => small(x + k)) }, config),
        );
      else if (kind === 'combine')
        placed.push(reduce({ of, combine: (list) => list.map((x) => small(x - k)) }, config));
      else if (kind === 'fold')
        placed.push(reduce({ of, fold: (sum, x) => [small(sum[0]! + x * k), k], initial: [0, 0] }, config));
      else if (kind === 'map')
        placed.push(map({ over: of, each: ({ element }) => small(element * k) }, config));
      else if (kind === 'constant') placed.push(scale({ list: of, by: k }, config));
      else {
        placed.push(knot('plus', { version: `plus ${k}` }, PLUS[k]!)({ list: of }, config));
      }
    });
    return Object.fromEntries(placed.map((one, index) => [`k${index}`, one]));
  });
}

const PLUS = Array.from(
  { length: 7 },
  (_, k) =>
    ({ list }: { list: number[] }) =>
      list.map((x) => small(x + 2 * k)),
);

function expected(specs: readonly Spec[]): Record<string, number[]> {
  const values: number[][] = [];
  for (const { kind, k, parent } of specs) {
    const of = values[parent];
    if (!of || kind === 'source') values.push([k, k + 1]);
    else if (kind === 'aggregate') values.push(of.map((x) => small(x + k)));
    else if (kind === 'combine') values.push(of.map((x) => small(x - k)));
    else if (kind === 'fold') values.push(of.reduce((sum, x) => [small(sum[0]! + x * k), k], [0, 0]));
    else if (kind === 'map' || kind === 'constant') values.push(of.map((x) => small(x * k)));
    else values.push(of.map((x) => small(x + 2 * k)));
  }
  return Object.fromEntries(values.map((value, index) => [`k${index}`, value]));
}

function specsOf(random: Random): Spec[] {
  return Array.from({ length: 2 + below(random, 6) }, (_, index) => ({
    kind: KINDS[below(random, KINDS.length)]!,
    k: below(random, 7),
    parent: index === 0 ? -1 : below(random, index),
  }));
}

test('whatever random functions of one source capture, no host takes the value of one for that of another', async () => {
  const backends = await temporaryBackends();
  const random = randomOf(16);
  const count = runs(4, 100);
  // Under the same names in both rounds: what a function of the first one has made is not for that of the second.
  for (let round = 0; round < 2; round++) {
    const shapes = Array.from({ length: count }, (_, index) => {
      const specs = specsOf(random);
      const wanted = { status: 'succeeded', values: expected(specs) };
      const queued = closures(`queued-${index}`, specs, queue());
      return { specs, wanted, queued, gathered: closures(`gathered-${index}`, specs, local()) };
    });
    const tapestries = shapes.flatMap(({ queued, gathered }) => [queued, gathered]);
    const selvage = await openSelvage({ tapestries, backends });
    for (const { specs, wanted, queued, gathered } of shapes) {
      const hosts = [
        async () => await (await selvage.start(queued, {})).result(),
        async () => await (await selvage.start(gathered, {})).result(),
        async () => await runLocally(queued, {}, { backends }),
        async () => await runLocally(closures('in-process', specs, queue()), {}, { backends }),
      ];
      for (let run = 0; run < 5; run++)
        expect(await hosts[below(random, hosts.length)]!()).toMatchObject(wanted);
    }
    await selvage.close();
  }
});
