import { ServiceError, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { updatePatiently } from '../../../src/connection/patient-update';
import { isUnanswered } from '../../../src/connection/update-failure';

/** As gRPC gives it to Temporal's client, which wraps it. */
const refusedByServer = (code: number, details = ''): Error =>
  new ServiceError('Failed to start Workflow Update', {
    cause: Object.assign(new Error(String(code)), { code, details, metadata: {} }),
  });

const refusedByRun = (type: string): Error =>
  new WorkflowUpdateFailedError('Workflow Update failed', ApplicationFailure.nonRetryable('no', type));

/** Fails so often, then answers. */
function failing(error: Error, times: number): { send: () => Promise<string>; sent: () => number } {
  let sent = 0;
  const send = (): Promise<string> => {
    sent += 1;
    return sent <= times ? Promise.reject(error) : Promise.resolve('taken');
  };
  return { send, sent: () => sent };
}

let now = 0;
beforeEach(() => {
  now = Date.now();
  jest.spyOn(Date, 'now').mockImplementation(() => now);
});
afterEach(() => jest.restoreAllMocks());

test.each([
  ['RESOURCE_EXHAUSTED', refusedByServer(8)],
  ['ABORTED', refusedByServer(10)],
  [
    'a step that failed just now',
    refusedByServer(
      9,
      'Unable to perform workflow execution update due to unexpected workflow task failure.',
    ),
  ],
  ['UnprocessedUpdate', refusedByRun('UnprocessedUpdate')],
])('what the server does not let in is sent again: %s', async (_, error) => {
  const { send, sent } = failing(error, 2);
  await expect(updatePatiently(send)).resolves.toBe('taken');
  expect(sent()).toBe(3);
});

test('while the step of a run fails, it waits for a worker: without bound, but where a time is given', async () => {
  const error = refusedByServer(
    9,
    'Unable to perform workflow execution update due to Workflow Task in failed state.',
  );
  const { send, sent } = failing(error, 3);
  const slow = async (): Promise<string> => {
    now += 3_600_000;
    return await send();
  };
  await expect(updatePatiently(slow)).resolves.toBe('taken');
  expect(sent()).toBe(4);
  await expect(updatePatiently(failing(error, 1).send, { giveUpAt: now })).rejects.toBe(error);
});

test.each([
  ['the run is not there', new WorkflowNotFoundError('gone', 'run', undefined)],
  ['the run has refused it', refusedByRun('SignalTooLate')],
  ['another word of the server', refusedByServer(3)],
  ['an error of any kind', new Error('boom')],
])('anything else is thrown as it is: %s', async (_, error) => {
  const { send, sent } = failing(error, 1);
  await expect(updatePatiently(send)).rejects.toBe(error);
  expect(sent()).toBe(1);
});

test('the caller may know of other reasons to send it again, or what to throw in place of the error', async () => {
  const { send, sent } = failing(refusedByRun('RunContinues'), 1);
  await expect(updatePatiently(send, { mayTryAgain: () => Promise.resolve(true) })).resolves.toBe('taken');
  expect(sent()).toBe(2);
  const over = new Error('over');
  const again = failing(refusedByRun('RunContinues'), 1);
  await expect(updatePatiently(again.send, { mayTryAgain: () => Promise.reject(over) })).rejects.toBe(over);
});

test('it is not sent again when its time is over', async () => {
  const error = refusedByServer(8);
  const { send, sent } = failing(error, Infinity);
  await expect(updatePatiently(send, { giveUpAt: Date.now() })).rejects.toBe(error);
  expect(sent()).toBe(1);
});

test('where no time is given, a minute is counted from when it was first to be sent again', async () => {
  const error = refusedByRun('RunContinues');
  const { send, sent } = failing(error, Infinity);
  const pass = [3_600_000, 59_999, 1];
  const mayTryAgain = (): Promise<boolean> => {
    now += pass[sent() - 1] ?? 0;
    return Promise.resolve(true);
  };
  await expect(updatePatiently(send, { mayTryAgain })).rejects.toBe(error);
  expect(sent()).toBe(3);
});

test('what has waited for a worker before it was refused has a minute more', async () => {
  const { send, sent } = failing(refusedByServer(10), 2);
  const slow = async (): Promise<string> => {
    if (sent() === 1) now += 3_600_000;
    return await send();
  };
  await expect(updatePatiently(slow)).resolves.toBe('taken');
  expect(sent()).toBe(3);
});

test.each([
  ['CANCELLED, which the server says when it gives up together with the caller', 1],
  ['DEADLINE_EXCEEDED', 4],
  ['UNAVAILABLE', 14],
])('nobody knows whether an update was heard: %s', (_, code) => {
  expect(isUnanswered(refusedByServer(code))).toBe(true);
});
