import fc from 'fast-check';
import { TimeScale, tickWords, type Span } from '../../../src/explorer/page/timeline/time-scale';

const HOUR = 3_600_000;
const START = 1_700_000_000_000;
const at = (...spans: Span[]): Span[] => spans.map(([from, to]) => [START + from, START + to]);
const [whole] = at([0, 2 * HOUR]) as [Span];
const gapsOf = (scale: TimeScale): Span[] => scale.gaps.map(([from, to]) => [from - START, to - START]);

/** Work of seconds and gaps of up to hours, in any order. */
const runs = fc
  .array(fc.tuple(fc.nat(4 * HOUR), fc.nat(20_000)), { maxLength: 20 })
  .map((parts) => parts.map(([from, took]): Span => [START + from, START + from + took]))
  .map((work) => ({
    work,
    whole: [START, Math.max(START + 1, ...work.map(([, to]) => to)) + 5000] as Span,
  }));

describe('the scale of a timeline', () => {
  test('breaks times without work that are long compared with the work, also at the end', () => {
    const work = at([0, 3000], [2000, 5000], [HOUR, HOUR + 1000]);
    const scale = new TimeScale(whole, work);
    expect(gapsOf(scale)).toEqual([
      [5000, HOUR],
      [HOUR + 1000, 2 * HOUR],
    ]);
    const [from, to] = scale.ends;
    expect(to - from).toBeLessThan(10_000);
  });

  test('is not broken at short pauses, without any work, and if no work is given', () => {
    expect(gapsOf(new TimeScale(whole, at([0, HOUR], [HOUR + 600_000, 2 * HOUR])))).toEqual([]);
    expect(gapsOf(new TimeScale([START, START + 900], at([0, 1], [800, 900])))).toEqual([]);
    expect(gapsOf(new TimeScale(whole, at([0, 0])))).toEqual([]);
    const real = new TimeScale(whole);
    expect(real.span(whole)).toEqual([0, 2 * HOUR]);
  });

  test('a break at the end of a running run stays as wide as it is while the run waits', () => {
    const widths = [HOUR, 9 * HOUR].map((now) => {
      const { ends } = new TimeScale([START, START + now], at([0, 5000]));
      return ends[1] - ends[0];
    });
    expect(widths[1]).toBeCloseTo(widths[0]!, 3);
  });

  test('its positions rise with time and lead back to it, and work has its real length', () => {
    fc.assert(
      fc.property(runs, fc.array(fc.nat(5 * HOUR), { minLength: 2 }), (run, offsets) => {
        const scale = new TimeScale(run.whole, run.work);
        const times = [...new Set(offsets)].sort((a, b) => a - b).map((offset) => START + offset);
        times.forEach((time, index) => {
          expect(Math.abs(scale.timeAt(scale.at(time)) - time)).toBeLessThan(0.1);
          if (index > 0) expect(scale.at(time)).toBeGreaterThan(scale.at(times[index - 1]!));
        });
        for (const span of run.work) {
          const [from, to] = scale.span(span);
          expect(Math.abs(to - from - (span[1] - span[0]))).toBeLessThan(0.01);
          for (const gap of scale.gaps) expect(span[1] <= gap[0] || span[0] >= gap[1]).toBe(true);
        }
        for (const gap of scale.gaps) {
          const [from, to] = scale.span(gap);
          expect(to - from).toBeLessThan((gap[1] - gap[0]) / 2 + 0.01);
        }
      }),
    );
  });

  test('ticks are at round times, few enough to read, and not in breaks', () => {
    const plain = new TimeScale([START, START + 10_000]);
    expect(plain.ticks(plain.whole, 6)).toEqual([0, 2000, 4000, 6000, 8000, 10_000]);
    fc.assert(
      fc.property(runs, fc.integer({ min: 2, max: 20 }), (run, most) => {
        const scale = new TimeScale(run.whole, run.work);
        const ticks = scale.ticks(run.whole, most);
        expect(ticks.length).toBeLessThanOrEqual(most + 1 + scale.gaps.length);
        expect(ticks).toEqual([...new Set(ticks)].sort((a, b) => a - b));
        for (const tick of ticks)
          for (const [from, to] of gapsOf(scale)) expect(tick <= from || tick >= to).toBe(true);
      }),
    );
  });

  test('ticks after a break are told exactly', () => {
    expect([0, 200, 1200, 60_000, 7_805_000, 90_000_500].map(tickWords)).toEqual([
      '0',
      '200 ms',
      '1.2 s',
      '1 m',
      '2 h 10 m 5 s',
      '1 d 1 h 0.5 s',
    ]);
  });
});
