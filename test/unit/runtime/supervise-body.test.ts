import { SelvageError } from '../../../src/errors';
import { GraceOver, startTimer, superviseBody, type Supervision } from '../../../src/runtime';

const DAY = 24 * 3_600_000;
const supervision = (changes: Partial<Supervision> = {}): Supervision => ({
  knotId: 'knot',
  cancel: undefined,
  cancelGrace: 1_000,
  timeout: undefined,
  ...changes,
});
const forever = () => new Promise<never>(() => {});

beforeEach(() => void jest.useFakeTimers());
afterEach(() => {
  // Whatever the end was: nothing is left behind.
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

test('answers what the body answers, or throws what it throws, also at once', async () => {
  await expect(superviseBody(async () => 5, supervision({ timeout: 10 }))).resolves.toBe(5);
  const error = new Error('mine');
  await expect(superviseBody(async () => Promise.reject(error), supervision({ timeout: 10 }))).rejects.toBe(
    error,
  );
});

test('at its timeout the signal is aborted and the body given up', async () => {
  let signal: AbortSignal | undefined;
  const end = superviseBody((given) => ((signal = given()), forever()), supervision({ timeout: 50 }));
  const outcome = expect(end).rejects.toMatchObject({
    code: 'BodyTimeout',
    details: { knot: 'knot', timeout: 50 },
  });
  await jest.advanceTimersByTimeAsync(49);
  expect(signal!.aborted).toBe(false);
  await jest.advanceTimersByTimeAsync(1);
  await outcome;
  expect(SelvageError.is(signal!.reason, 'BodyTimeout')).toBe(true);
});

test('what a body that was given up throws later is no unhandled rejection', async () => {
  const unhandled = jest.fn();
  process.on('unhandledRejection', unhandled);
  const end = superviseBody(
    (signal) =>
      new Promise((_, reject) =>
        signal().addEventListener('abort', () => setTimeout(() => reject(new Error('late')), 10)),
      ),
    supervision({ timeout: 50 }),
  );
  const outcome = expect(end).rejects.toMatchObject({ code: 'BodyTimeout' });
  await jest.advanceTimersByTimeAsync(100);
  await outcome;
  jest.useRealTimers();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
  jest.useFakeTimers();
});

test('a timeout of more days than a timer can count is waited for', async () => {
  const end = superviseBody(forever, supervision({ timeout: 60 * DAY }));
  const settled = jest.fn();
  const outcome = end.catch(settled);
  await jest.advanceTimersByTimeAsync(60 * DAY - 1);
  expect(settled).not.toHaveBeenCalled();
  await jest.advanceTimersByTimeAsync(1);
  await outcome;
  expect(settled).toHaveBeenCalledTimes(1);
});

test('after a cancel the body has its grace', async () => {
  const cancel = new AbortController();
  const end = superviseBody(
    (signal) =>
      new Promise((resolve) =>
        signal().addEventListener('abort', () => setTimeout(() => resolve(signal().reason as unknown), 999)),
      ),
    supervision({ cancel: cancel.signal }),
  );
  cancel.abort('why');
  await jest.advanceTimersByTimeAsync(999);
  await expect(end).resolves.toBe('why');
});

test('and no more than that', async () => {
  const cancel = new AbortController();
  const outcome = expect(
    superviseBody(forever, supervision({ cancel: cancel.signal })),
  ).rejects.toBeInstanceOf(GraceOver);
  cancel.abort();
  await jest.advanceTimersByTimeAsync(1_000);
  await outcome;
});

test('a body that begins after the cancel begins with an aborted signal', async () => {
  const end = superviseBody(async (signal) => signal().aborted, supervision({ cancel: AbortSignal.abort() }));
  await expect(end).resolves.toBe(true);
});

test('a body that asks for its signal when the cancel has come finds it aborted, and each time the same', async () => {
  const cancel = new AbortController();
  const end = superviseBody(
    async (signal) => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      return [signal().aborted, signal().reason as unknown, signal() === signal()];
    },
    supervision({ cancel: cancel.signal }),
  );
  cancel.abort('why');
  await jest.advanceTimersByTimeAsync(10);
  await expect(end).resolves.toEqual([true, 'why', true]);
});

test('a body that throws before it gives a promise is as any that throws', async () => {
  const error = new Error('mine');
  const throws = (): Promise<void> => {
    throw error;
  };
  await expect(superviseBody(throws, supervision({ timeout: 10 }))).rejects.toBe(error);
  expect(jest.getTimerCount()).toBe(0);
});

test('a timer that is stopped does not call', async () => {
  const callback = jest.fn();
  const stop = startTimer(60 * DAY, callback);
  await jest.advanceTimersByTimeAsync(40 * DAY);
  stop();
  await jest.advanceTimersByTimeAsync(40 * DAY);
  expect(callback).not.toHaveBeenCalled();
});
