import { coalesce } from '../../../src/explorer/page/source/coalesce';

/** Timers whose time goes on when it is told to. */
function clock(): {
  set: (call: () => void, ms: number) => unknown;
  clear: (timer: unknown) => void;
  go: (ms: number) => void;
} {
  let now = 0;
  const waiting = new Map<number, { at: number; call: () => void }>();
  let next = 0;
  return {
    set: (call, ms) => {
      waiting.set(++next, { at: now + ms, call });
      return next;
    },
    clear: (timer) => waiting.delete(timer as number),
    go: (ms) => {
      now += ms;
      for (const [id, { at, call }] of [...waiting]) {
        if (at > now) continue;
        waiting.delete(id);
        call();
      }
    },
  };
}

test('what comes first goes out at once, what comes after it together and not sooner than the pause', () => {
  const batches: number[][] = [];
  const timers = clock();
  const gathered = coalesce<number>((items) => batches.push(items), 50, timers);
  gathered.add(1);
  gathered.add(2);
  timers.go(0);
  expect(batches).toEqual([[1, 2]]);
  gathered.add(3);
  timers.go(49);
  gathered.add(4);
  expect(batches).toHaveLength(1);
  timers.go(1);
  expect(batches).toEqual([
    [1, 2],
    [3, 4],
  ]);
});

test('after a rest, what comes is not kept waiting', () => {
  const batches: number[][] = [];
  const timers = clock();
  const gathered = coalesce<number>((items) => batches.push(items), 50, timers);
  gathered.add(1);
  timers.go(0);
  timers.go(50);
  gathered.add(2);
  timers.go(0);
  expect(batches).toEqual([[1], [2]]);
});

test('a flush hands over what is there, once; a closed one hands over nothing', () => {
  const batches: number[][] = [];
  const timers = clock();
  const gathered = coalesce<number>((items) => batches.push(items), 50, timers);
  gathered.add(1);
  gathered.flush();
  timers.go(100);
  expect(batches).toEqual([[1]]);
  gathered.add(2);
  gathered.close();
  gathered.add(3);
  timers.go(100);
  expect(batches).toEqual([[1]]);
});
