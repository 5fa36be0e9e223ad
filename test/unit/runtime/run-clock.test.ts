import { RunClock } from '../../../src/runtime';

test('a clock that is set back meanwhile takes no time away', () => {
  const clock = new RunClock(5);
  expect(clock.now()).toBeGreaterThanOrEqual(5);
  const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000);
  try {
    expect(clock.now()).toBeGreaterThanOrEqual(5);
  } finally {
    now.mockRestore();
  }
});
