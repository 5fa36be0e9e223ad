import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadPipelineFile, runLocally } from 'selvage';

test('a greeting has its words counted', async () => {
  const { tapestry } = await loadPipelineFile('pipeline.yaml');
  const { values } = await runLocally(tapestry, { name: 'Ada' });
  assert.deepEqual(values, { text: 'Hello, Ada.', words: 2 });
});

test('what others answer can be replaced', async () => {
  const { tapestry } = await loadPipelineFile('pipeline.yaml');
  const { values } = await runLocally(
    tapestry,
    { name: 'Ada' },
    { replace: { 'fetch-text': () => 'one two three' } },
  );
  assert.equal(values['words'], 3);
});
