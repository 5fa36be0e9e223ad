import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addJsonOption, addServerOptions, type ServerOptions } from '../../options/server-options';
import { EXIT } from '../../output/exit-codes';
import type { Output } from '../../output/output';

export function addRunsCancel(runs: Command, does: Does): void {
  addServerOptions(
    addJsonOption(
      runs
        .command('cancel')
        .description(
          'Asks a run to end: running bodies get their grace, the rest is skipped, and all is recorded.',
        )
        .argument('<run-id>')
        .addHelpText('after', '\nExample:\n  $ selvage runs cancel quickstart-1f2e3d4c5b6a'),
    ),
  ).action(does(cancelRun));
}

async function cancelRun(runId: string, options: ServerOptions, output: Output): Promise<number> {
  const { withClient } = await import('../../location/connect.js');
  const { warnOfNoWorker } = await import('../../work/pollers.js');
  return await withClient(options, output, async (selvage) => {
    const handle = selvage.getRun(runId);
    await handle.cancel();
    const { run, taskQueue, waiting } = await handle.status();
    const { workflowTask } = waiting ?? {};
    output.say(
      run.status !== 'running'
        ? `Run ${runId} is over: ${run.status}.`
        : workflowTask?.code === 'BackendsDiffer'
          ? `Run ${runId} is asked to end, but waits: ${workflowTask.message}`
          : `Run ${runId} is asked to end. Its worker gives running bodies their grace and skips the rest.`,
    );
    if (taskQueue !== undefined) await warnOfNoWorker(selvage, { runId, taskQueue }, options, output);
    if (output.json) output.document({ runId, status: run.status, server: selvage.location });
    return EXIT.ok;
  });
}
