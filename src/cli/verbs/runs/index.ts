import type { Command } from 'commander';
import { runs } from '../../../operations/runs';
import type { Does } from '../../options/does';
import { verbsOf } from '../../table/verb-of-table';
import { noWorkerText } from '../../work/pollers';
import { addRunsList } from './list';
import { addRunsShow } from './show';

const addOthers = verbsOf(runs, {
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
