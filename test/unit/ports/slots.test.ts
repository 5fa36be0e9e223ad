import { Slots } from '../../../src/ports/parts/slots';

test('work is done within a limit of weights, in its order, and what exceeds the limit alone', async () => {
  const slots = new Slots(100);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const all = [60, 50, 30, 300, 10].map((weight, index) =>
    slots.use(async () => {
      begun.push(index);
      await new Promise<void>((end) => (ends[index] = end));
    }, weight),
  );
  expect(begun).toEqual([0]);
  ends[0]!();
  await all[0];
  expect(begun).toEqual([0, 1, 2]);
  ends[1]!();
  ends[2]!();
  await Promise.all([all[1], all[2]]);
  expect(begun).toEqual([0, 1, 2, 3]);
  ends[3]!();
  await all[3];
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  ends[4]!();
  await all[4];
});

test('work that fails leaves its place to the next', async () => {
  const slots = new Slots(10);
  const failing = slots.use(() => Promise.reject(new Error('not this one')), 10);
  const next = slots.use(() => Promise.resolve('begun'), 10);
  await expect(failing).rejects.toThrow('not this one');
  expect(await next).toBe('begun');
});
