import { ACTIVITY_ID_LENGTH, activityIdOf } from '../../../src/workflows/activity-id';

test('an activity has the id of its knot', () => {
  expect(activityIdOf('users:17/fetch')).toBe('users:17/fetch');
  const longest = 'k'.repeat(ACTIVITY_ID_LENGTH);
  expect(activityIdOf(longest)).toBe(longest);
});

test('a longer one is cut, and still its own', () => {
  const ids = ['a', 'b', 'c'].map((end) => activityIdOf(`${'k'.repeat(ACTIVITY_ID_LENGTH)}${end}`));
  for (const id of ids) {
    expect(id).toHaveLength(ACTIVITY_ID_LENGTH);
    expect(id).toMatch(/^k+~[0-9a-f]{16}$/);
  }
  expect(new Set(ids).size).toBe(3);
  expect(activityIdOf(`${'k'.repeat(ACTIVITY_ID_LENGTH)}a`)).toBe(ids[0]);
});
