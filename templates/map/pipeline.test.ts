import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runLocally } from 'selvage';
import { temperatures } from './pipeline';

test('a city that does not answer is left out', async () => {
  const { status, values, outputs } = await runLocally(temperatures, { count: 20 });
  assert.equal(status, 'succeeded');
  assert.equal(values.answers, 19);
  assert.equal((outputs['cities'] as string[]).length, 20);
});
