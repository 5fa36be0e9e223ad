import type { Command } from 'commander';
import { runs } from '../../../operations/runs';
import type { Does } from '../../options/does';
import { verbsOf } from '../../table/verb-of-table';
import { noWorkerText } from '../../work/pollers';
import { formatTime } from '../../output/format';
import { describeLogs } from '../../show/logs';
import { describePage } from '../../show/runs-page';
import { addRunsShow } from './show';

const addRunsList = verbsOf(runs, {
  'runs.list'(page, _, output) {
    if (page.comparedSince !== undefined) {
      output.warn(
        `More runs are on record as running than could be compared with the server in time. Of those begun before ${formatTime(page.comparedSince)}, ` +
          'some that were ended in Temporal may be missing: ask again, or for fewer (--tapestry, --since).',
      );
    }
    return describePage(page, output);
  },
});

const addOthers = verbsOf(runs, {
  'runs.logs': (page, _, output) => describeLogs(page, output),
  'runs.cancel'({ status, waits, unpolled }, { runId }, output, options) {
    if (unpolled !== undefined) output.warn(noWorkerText({ runId, taskQueue: unpolled }, options));
    if (status !== undefined && status !== 'running') return `Run ${runId} is over: ${status}.`;
    return waits === undefined
      ? `Run ${runId} is asked to end. Its worker gives running bodies their grace and skips the rest.`
      : `Run ${runId} is asked to end, but waits: ${waits}`;
  },
  'runs.terminate': ({ status }, { runId }) => `Run ${runId} is over: ${status}.`,
});

export function addRuns(runs: Command, does: Does): void {
  addRunsList(runs, does);
  addRunsShow(runs, does);
  addOthers(runs, does);
}
