import { RecentValues } from '../../../src/activities/recent-values';

const value = (name: string, size: number) => ({ hash: name, bytes: new Uint8Array(size) });

test('what was added is there, as it was added', () => {
  const recent = new RecentValues(100);
  const added = value('a', 10);
  recent.add(added);
  expect(recent.get('a')).toBe(added.bytes);
  expect(recent.get('b')).toBeUndefined();
});

test('over the limit, what was used longest ago goes', () => {
  const recent = new RecentValues(100);
  for (const name of ['a', 'b', 'c']) recent.add(value(name, 30));
  recent.get('a');
  recent.add(value('d', 30));
  expect(['a', 'b', 'c', 'd'].filter((name) => recent.get(name))).toEqual(['a', 'c', 'd']);
});

test('a value that would take most of the room is not kept', () => {
  const recent = new RecentValues(100);
  recent.add(value('a', 10));
  recent.add(value('large', 51));
  expect(recent.get('large')).toBeUndefined();
  expect(recent.get('a')).toBeDefined();
});

test('one that is added again counts once', () => {
  const recent = new RecentValues(100);
  for (let time = 0; time < 10; time++) recent.add(value('a', 40));
  recent.add(value('b', 40));
  expect(recent.get('a')).toBeDefined();
});
