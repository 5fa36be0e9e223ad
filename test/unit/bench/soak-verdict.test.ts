import { judge, judgeSmallRuns, planOf, type Sample } from '../../../bench/soak/verdict';

const MEGABYTE = 1024 * 1024;
const plan = planOf(30);

/** One a minute; `at` gives what was seen after so many minutes. */
function samples(at: (minute: number) => Partial<Pick<Sample, 'memory' | 'resident' | 'handles'>>): Sample[] {
  return Array.from({ length: 30 }, (_, index) => ({
    minute: index + 1,
    runs: 200 * (index + 1),
    memory: {},
    resident: {},
    handles: {},
    ...at(index + 1),
  }));
}

test('what is compared is the five minutes after five to warm up, and the last five', () => {
  expect(plan).toEqual({ minutes: 30, warmUpMinutes: 5, windowMinutes: 5, sampleSeconds: 10 });
  const steps = samples((minute) => ({
    memory: { heap: (minute < 5 ? 1 : minute <= 10 ? 100 : 105) * MEGABYTE },
  }));
  expect(judge(steps, plan)).toEqual([
    { measure: 'heap', before: 100, after: 105, unit: 'MiB', isFlat: true },
  ]);
});

test.each([
  ['a tenth more in the end', (minute: number) => 100 + minute / 3, true],
  ['more than a tenth', (minute: number) => 100 + minute, false],
  ['a peak in between', (minute: number) => (minute === 28 ? 900 : 100), true],
])('memory with %s', (_, megabytes, isFlat) => {
  const [finding] = judge(
    samples((minute) => ({ memory: { heap: megabytes(minute) * MEGABYTE } })),
    plan,
  );
  expect(finding!.isFlat).toBe(isFlat);
});

test.each([
  ['32 MiB of a small process', 100, 132, true],
  ['more than that', 100, 133, false],
  ['a tenth of a large one', 1_000, 1_100, true],
  ['more than that', 1_000, 1_101, false],
])('resident memory grows by %s', (_, before, after, isFlat) => {
  const [finding] = judge(
    samples((minute) => ({ resident: { worker: (minute > 20 ? after : before) * MEGABYTE } })),
    plan,
  );
  expect(finding!.isFlat).toBe(isFlat);
});

test.each([
  ['a connection made anew', (minute: number) => (minute > 20 ? 42 : 40), true],
  ['one a minute that stays', (minute: number) => 40 + minute, false],
])('handles with %s', (_, files, isFlat) => {
  const [finding] = judge(
    samples((minute) => ({ handles: { files: files(minute) } })),
    plan,
  );
  expect(finding!.isFlat).toBe(isFlat);
});

test('a kind of handle that was not there before counts from none', () => {
  const [finding] = judge(
    samples((minute) => (minute > 20 ? { handles: { 'worker: Timeout': 7 } } : {})),
    plan,
  );
  expect(finding).toEqual({ measure: 'worker: Timeout', before: 0, after: 7, unit: '', isFlat: false });
});

test('a short soak shrinks its warm-up and its windows, and looks more often', () => {
  expect(planOf(3)).toEqual({ minutes: 3, warmUpMinutes: 0.5, windowMinutes: 0.5, sampleSeconds: 1 });
});

test('a soak whose samples came too late to compare says so', () => {
  expect(() => judge([{ minute: 29, runs: 9, memory: {}, resident: {}, handles: {} }], plan)).toThrow(
    'no samples to compare',
  );
});

test.each([
  ['ten megabytes', 10, [true, true]],
  ['more than that', 11, [false, true]],
])('small runs: buffers of the worker grow by %s after the first 500', (_, growth, flat) => {
  const findings = judgeSmallRuns(
    samples((minute) => ({
      // The first 500 are over at the third look.
      memory: { 'worker: buffers': (minute < 3 ? 1 : minute < 6 ? 50 : 50 + growth) * MEGABYTE },
      resident: { 'worker: outside the heap': 200 * MEGABYTE },
    })),
  );
  expect(findings.map(({ isFlat }) => isFlat)).toEqual(flat);
});
