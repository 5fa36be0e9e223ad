import fc from 'fast-check';
import { backOff } from '../../../src/values/back-off';

test('waits double up to the longest, and stay finite however often something fails', () => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 7, 49, 5_000].map((failures) =>
    backOff({ base: 500, max: 30_000 }, failures),
  );
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000]);
});

test('no wait at all stays none, however often something fails', () => {
  expect(backOff({ base: 0, max: 30_000 }, 5_000)).toBe(0);
});

test('chance only shortens a wait, and by the share that it is given at most', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const times = fc.double({ min: 1, max: 1e6, noNaN: true });
  const factors = fc.double({ min: 1, max: 10, noNaN: true });
  fc.assert(
    fc.property(
      times,
      times,
      factors,
      share,
      share,
      fc.nat(200),
      (base, max, factor, jitter, chance, failures) => {
        const whole = backOff({ base, max, factor }, failures);
        const wait = backOff({ base, max, factor, jitter }, failures, chance);
        expect(whole).toBeLessThanOrEqual(max);
        expect(whole).toBeGreaterThanOrEqual(Math.min(base, max));
        expect(wait).toBeLessThanOrEqual(whole);
        expect(wait).toBeGreaterThanOrEqual(whole * (1 - jitter));
      },
    ),
  );
});
