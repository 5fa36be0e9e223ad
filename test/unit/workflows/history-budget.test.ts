import { HOLD_BYTES, HOLD_EVENTS, SETTLED_PER_EXECUTION } from '../../../src/plan';
import { continueNow, holdDispatch } from '../../../src/workflows/history-budget';
import { runLimits } from '../../../src/workflows/run-limits';

const history = (changes = {}) => ({
  historyLength: 5_000,
  historySize: 5_000_000,
  continueAsNewSuggested: true,
  ...changes,
});
const limits = runLimits();

test('dispatch is held when the history has grown too long or too large', () => {
  expect(holdDispatch(limits, history())).toBe(false);
  expect(holdDispatch(limits, history({ historyLength: HOLD_EVENTS }))).toBe(true);
  expect(holdDispatch(limits, history({ historySize: HOLD_BYTES }))).toBe(true);
});

test('what is in flight when it is held fits below the 51,200 events and 50 MiB that fail a run for good', () => {
  const window = 500;
  // An activity is three events; each of its answers may come in a workflow task of its own, which is three.
  expect(HOLD_EVENTS + window * 6).toBeLessThan(51_200);
  // A knot's input and answer, inline, with room for a failure.
  expect(HOLD_BYTES + window * 50 * 1024).toBeLessThan(50 * 1024 * 1024);
});

test('a moment of rest is used when the server suggests it and this execution has done its share', () => {
  expect(continueNow(limits, history(), SETTLED_PER_EXECUTION)).toBe(true);
  expect(continueNow(limits, history(), SETTLED_PER_EXECUTION - 1)).toBe(false);
  expect(continueNow(limits, history({ continueAsNewSuggested: false }), 10_000)).toBe(false);
});
