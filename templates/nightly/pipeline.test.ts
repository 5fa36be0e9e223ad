import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runLocally } from 'selvage';
import { nightly } from './pipeline';

test('the report has the orders of the day', async () => {
  const { values } = await runLocally(nightly, { day: '2026-01-03' });
  assert.equal(values.report, '2026-01-03: 60 EUR of 1000 visits');
});

test('it goes out without visits where nobody knows them', async () => {
  const { values, outcomes } = await runLocally(nightly, { day: '2026-01-13' });
  assert.equal(outcomes['visits']?.kind, 'err');
  assert.match(values.report ?? '', /unknown visits$/);
});
