import { z } from 'zod';
import { knot, sleep, tapestry, waitForSignal, type Duration, type RetryPolicy } from '../../../src';
import { recordOf } from '../../../src/authoring';
import { nodeSha256 } from '../../../src/node/node-sha256';
import { planOf } from '../../../src/runtime';

/** The hash of a plan in which each option that is a duration is this one. */
function planHash(one: Duration, longer: Duration): string {
  const retry: RetryPolicy = { maximumAttempts: 3, initialInterval: one, maximumInterval: longer };
  const options = { timeout: one, cancelGrace: longer, retry, cache: { maxAge: longer } };
  const ofDefinition = knot('of-definition', { ...options, version: '1' }, () => 1);
  const plain = knot('plain', { version: '1' }, () => 2);
  const made = tapestry('timed', { knots: { timeout: longer, retry }, extensible: true }, () => {
    const slept = sleep({ ms: one }, { id: 'slept' });
    const signal = waitForSignal('go', z.string(), { id: 'signal', after: [slept], timeout: longer });
    waitForSignal({ name: 'go', schema: z.string(), timeout: one, after: [signal] }, { id: 'again' });
    ofDefinition({}, { id: 'a' });
    plain({}, { id: 'b', ...options });
    plain({}, { id: 'c' });
  });
  return planOf(recordOf(made), nodeSha256).hash;
}

test('a duration as a text and in milliseconds make the same plan', () => {
  const inMilliseconds = planHash(10_000, 7_200_000);
  expect(planHash('10s', '2h')).toBe(inMilliseconds);
  expect(planHash('10000ms', '120 m')).toBe(inMilliseconds);
  expect(planHash('10s', '3h')).not.toBe(inMilliseconds);
});
