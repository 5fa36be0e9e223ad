import * as assert from 'node:assert/strict';
import type { RunHistory } from '../ports';
import { IDENTITY_TESTS, suite, TECHNOLOGY_TESTS } from './conformance';
import { HISTORY_CHANGES_TESTS } from './history-changes-tests';
import { HISTORY_COMMITS_TESTS } from './history-commits-tests';
import { HISTORY_LINEAGE_TESTS } from './history-lineage-tests';
import { HISTORY_PARTITIONS_TESTS } from './history-partitions-tests';
import { HISTORY_REMOVAL_TESTS } from './history-removal-tests';
import { HISTORY_RUNS_TESTS } from './history-runs-tests';
import { HISTORY_STATISTICS_TESTS } from './history-statistics-tests';

/** Registers the tests that every {@link RunHistory} must pass, in the test file of the call (jest, vitest, mocha). */
export const describeRunHistory = suite<RunHistory>('run history', {
  ...TECHNOLOGY_TESTS,

  async 'tells the time by its own clock'({ adapter }) {
    const time = await adapter.now();
    assert.ok(Math.abs(time - Date.now()) < 24 * 3_600_000, `It says ${time}.`);
    assert.ok((await adapter.now()) >= time);
  },

  ...IDENTITY_TESTS,

  ...HISTORY_COMMITS_TESTS,
  ...HISTORY_LINEAGE_TESTS,
  ...HISTORY_RUNS_TESTS,
  ...HISTORY_PARTITIONS_TESTS,
  ...HISTORY_STATISTICS_TESTS,
  ...HISTORY_REMOVAL_TESTS,
  ...HISTORY_CHANGES_TESTS,
});
