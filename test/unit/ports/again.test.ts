import { again } from '../../../src/ports/parts/again';

const BACK_OFF = { base: 10, max: 50 };

/** Work that fails so many times, and a clock that only notes the waits. */
function failing(times: number) {
  const waits: number[] = [];
  const told: unknown[] = [];
  const errors = Array.from({ length: times }, (_, n) => new Error(`failure ${n}`));
  return {
    waits,
    told,
    errors,
    work: async (): Promise<string> => {
      const error = errors[told.length];
      if (error) throw error;
      return 'done';
    },
    wait: async (ms: number): Promise<void> => void waits.push(ms),
    onFailure: (error: unknown): void => void told.push(error),
  };
}

test('work is repeated until it succeeds, with growing waits, and each failure is told', async () => {
  const { work, wait, onFailure, waits, told, errors } = failing(5);
  await expect(again(work, { backOff: BACK_OFF, wait, onFailure })).resolves.toBe('done');
  expect(waits).toEqual([10, 20, 40, 50, 50]);
  expect(told).toEqual(errors);
});

test('a final error is thrown, untold', async () => {
  const { work, wait, onFailure, waits, told, errors } = failing(3);
  const isFinal = (error: unknown): boolean => error === errors[1];
  await expect(again(work, { backOff: BACK_OFF, wait, onFailure, isFinal })).rejects.toBe(errors[1]);
  expect({ waits, told }).toEqual({ waits: [10], told: [errors[0]] });
});

test.each(['before the work', 'by the work', 'in the wait'])(
  'a signal that is aborted %s ends the repetition, and not work that succeeds',
  async (when) => {
    const stop = new AbortController();
    const { work, waits, told } = failing(1);
    if (when === 'before the work') stop.abort();
    const how = {
      backOff: BACK_OFF,
      signal: stop.signal,
      wait: async (ms: number): Promise<void> => {
        waits.push(ms);
        stop.abort();
      },
    };
    const failed = again(async () => {
      if (when === 'by the work') stop.abort();
      return await work();
    }, how);
    await expect(failed).resolves.toBeUndefined();
    expect(waits).toEqual(when === 'in the wait' ? [10] : []);
    told.push('the failure');
    await expect(again(work, how)).resolves.toBe('done');
  },
);
