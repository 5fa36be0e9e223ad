import { knot, local, tapestry, type Knot, type Tapestry } from 'selvage';
import { simulate } from 'selvage/testing';
import { atLeast, type Benchmark, type Row } from './benchmark';
import { median, timed } from './statistics';

const TARGET = 100_000;
const SCHEDULES = 20_000;
const MINUTE_MS = 60_000;

const step = knot('step', (inputs: Record<string, number>) => Object.keys(inputs).length);

/** Ten knots: two ways that part and meet again. */
function tenKnots(isLocal: boolean): Tapestry<object, object> {
  return tapestry('ten-knots', () => {
    const at = (id: string, inputs: Record<string, Knot<number>>): Knot<number> =>
      step(inputs, { id, ...(isLocal && { dispatcher: local() }) });
    const a = at('a', {});
    const b = at('b', { a });
    const c = at('c', { a });
    const d = at('d', { a, b });
    const e = at('e', { c });
    const f = at('f', { d, e });
    const g = at('g', { d });
    const h = at('h', { f, g });
    const i = at('i', { b });
    return { j: at('j', { h, i }) };
  });
}

/** Schedules that `simulate` tries in a minute, with blows at every boundary, in pairs and by chance. */
export const simulator: Benchmark = {
  name: 'simulator',
  async run({ repetitions }) {
    const rows: Row[] = [];
    for (const isLocal of [false, true]) {
      const subject = tenKnots(isLocal);
      await simulate(subject, { schedules: SCHEDULES });
      const times: number[] = [];
      for (let seed = 1; seed <= repetitions; seed++) {
        times.push(await timed(() => simulate(subject, { schedules: SCHEDULES, seed })));
      }
      const aMinute = (SCHEDULES / median(times)) * MINUTE_MS;
      const measure = `simulator: ten ${isLocal ? 'local() ' : ''}knots`;
      rows.push(atLeast(measure, aMinute, TARGET, 'schedules a minute', { times }));
    }
    return rows;
  },
};
