import { RecentValues } from '../../../src/activities/recent-values';

const KIB = 1024;
const value = (name: string, size: number) => ({ hash: name, bytes: new Uint8Array(size) });

test('what was added is there, as it was added', () => {
  const recent = new RecentValues(100 * KIB);
  const added = value('a', 10 * KIB);
  recent.add(added);
  expect(recent.get('a')).toBe(added.bytes);
  expect(recent.get('b')).toBeUndefined();
});

test('over the limit, what was used longest ago goes', () => {
  const recent = new RecentValues(100 * KIB);
  for (const name of ['a', 'b', 'c']) recent.add(value(name, 30 * KIB));
  recent.get('a');
  recent.add(value('d', 30 * KIB));
  expect(['a', 'b', 'c', 'd'].filter((name) => recent.get(name))).toEqual(['a', 'c', 'd']);
});

test('a value that would take most of the room is not kept', () => {
  const recent = new RecentValues(100 * KIB);
  recent.add(value('a', 10 * KIB));
  recent.add(value('large', 51 * KIB));
  expect(recent.get('large')).toBeUndefined();
  expect(recent.get('a')).toBeDefined();
});

test('one that is added again counts once', () => {
  const recent = new RecentValues(100 * KIB);
  for (let time = 0; time < 10; time++) recent.add(value('a', 40 * KIB));
  recent.add(value('b', 40 * KIB));
  expect(recent.get('a')).toBeDefined();
});

test('of small values, no more are kept than there is room for with what they take beside their bytes', () => {
  const recent = new RecentValues(100 * KIB);
  const names = Array.from({ length: 1_000 }, (_, index) => `v${index}`);
  for (const name of names) recent.add(value(name, 1));
  expect(recent.get('v0')).toBeUndefined();
  expect(recent.get('v999')).toBeDefined();
});

test.each([
  ['a small buffer of Node, which shares 8 KiB with others', Buffer.from('{"x":1}')],
  ['a part of what a client has read', new Uint8Array(64 * KIB).subarray(KIB, 6 * KIB)],
])('%s does not keep the memory that it is a part of', (_, bytes) => {
  const recent = new RecentValues();
  recent.add({ hash: 'a', bytes });
  const kept = recent.get('a')!;
  expect(Buffer.from(kept).equals(bytes)).toBe(true);
  expect(kept.buffer.byteLength).toBe(bytes.byteLength);
});
