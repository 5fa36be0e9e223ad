import { msToTs } from '@temporalio/common/lib/time';
import { pendingActivitiesOf } from '../../../src/connection/pending-activity';

/** As the server sends it. */
const pending = (more: object): ReturnType<typeof pendingActivitiesOf>[number] =>
  pendingActivitiesOf({
    raw: {
      pendingActivities: [{ activityId: 'a', activityType: { name: 'step' }, state: 1, attempt: 2, ...more }],
    },
  })[0]!;

const failure = (lastFailure: object) => pending({ lastFailure }).lastFailure;

test.each([
  [
    'a refusal',
    { message: 'no body', applicationFailureInfo: { type: 'BodyMissing' } },
    'BodyMissing',
    'no body',
  ],
  [
    'a refusal of an older worker, by its present name',
    { message: 'another makes it', applicationFailureInfo: { type: 'ValueInMaking' } },
    'ValueInProgress',
    'another makes it',
  ],
  ['a throw', { message: 'no', applicationFailureInfo: { type: 'TypeError' } }, 'BodyThrew', 'TypeError: no'],
  [
    'a throw of something that is no error',
    { message: 'no', applicationFailureInfo: { type: 'toString' } },
    'BodyThrew',
    'toString: no',
  ],
  ['what the server has cut', { message: 'no', serverFailureInfo: {} }, 'BodyThrew', 'no'],
  [
    'a silent worker',
    { message: 'activity Heartbeat timeout', timeoutFailureInfo: {} },
    'HeartbeatTimeout',
    expect.stringContaining('not heard of'),
  ],
])('the last failure: %s', (_, lastFailure, code, message) => {
  expect(failure(lastFailure)).toEqual({ code, message });
});

/** As the server sends it of activities with and without heartbeats. */
test.each([
  [
    'silence',
    4,
    { heartbeatTimeout: msToTs(20_000) },
    'its worker was not heard of for 20 s and is taken for lost',
  ],
  [
    'an attempt that did not end',
    1,
    { heartbeatTimeout: msToTs(0), startToCloseTimeout: msToTs(40_000) },
    'its worker did not end it within 40 s and is taken for lost',
  ],
  [
    'silence, of a server that does not tell the limit',
    4,
    undefined,
    'its worker was not heard of for 30 s and is taken for lost',
  ],
])('a worker is taken for lost for %s', (_, timeoutType, activityOptions, message) => {
  const lastFailure = { message: 'timeout', timeoutFailureInfo: { timeoutType } };
  expect(pending({ lastFailure, activityOptions }).lastFailure).toEqual({
    code: 'HeartbeatTimeout',
    message,
  });
});

test.each([
  [1, false, 'scheduled'],
  [1, true, 'paused'],
  [2, false, 'started'],
  [3, false, 'cancelling'],
  [4, true, 'paused'],
  // Asked to pause: its present attempt runs on.
  [5, true, 'paused'],
])('state %s, paused %s: %s', (state, paused, expected) => {
  expect(pending({ state, paused }).state).toBe(expected);
});
