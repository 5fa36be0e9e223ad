/**
 * With SELVAGE_TEST_FORCED_REPLAY=true (the group `replay`), workers of tests keep no workflow in memory, also in other
 * processes: each workflow task replays the whole history. It must be last among the options of a worker.
 */
export const forcedReplay =
  process.env['SELVAGE_TEST_FORCED_REPLAY'] === 'true' ? { maxCachedWorkflows: 0 } : {};
