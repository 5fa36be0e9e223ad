/**
 * With SELVAGE_TEST_FORCED_REPLAY=true (the group `replay`) the workers of tests, also those in processes of their own, keep no workflow
 * in memory: each workflow task replays the whole history. It stands last among the options of a worker.
 */
export const forcedReplay =
  process.env['SELVAGE_TEST_FORCED_REPLAY'] === 'true' ? { maxCachedWorkflows: 0 } : {};
