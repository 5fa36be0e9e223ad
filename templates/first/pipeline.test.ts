import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runLocally } from 'selvage';
import { greeting } from './pipeline';

test('a greeting has its words counted', async () => {
  const { values } = await runLocally(greeting, { name: 'Ada' });
  assert.deepEqual(values, { text: 'Hello, Ada.', words: 2 });
});

test('what others answer can be replaced', async () => {
  const { values } = await runLocally(
    greeting,
    { name: 'Ada' },
    { replace: { 'fetch-text': () => 'one two three' } },
  );
  assert.equal(values.words, 3);
});
