import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addJsonOption, addServerOptions, type ServerOptions } from '../../options/server-options';
import { EXIT } from '../../output/exit-codes';
import type { Output } from '../../output/output';

interface RunsTerminateOptions extends ServerOptions {
  readonly reason?: string;
}

export function addRunsTerminate(runs: Command, does: Does): void {
  addServerOptions(
    addJsonOption(
      runs
        .command('terminate')
        .description(
          'Ends a run at once: no code of it hears of it, knots without an outcome get none. To let bodies end, cancel it.',
        )
        .argument('<run-id>')
        .option('--reason <text>', 'kept with the run')
        .addHelpText(
          'after',
          '\nExample:\n  $ selvage runs terminate quickstart-1f2e3d4c5b6a --reason "wrong input"',
        ),
    ),
  ).action(does(terminateRun));
}

async function terminateRun(runId: string, options: RunsTerminateOptions, output: Output): Promise<number> {
  const { withClient } = await import('../../location/connect.js');
  return await withClient(options, output, async (selvage) => {
    const handle = selvage.getRun(runId);
    await handle.terminate(options.reason);
    const { run } = await handle.status();
    output.say(`Run ${runId} is over: ${run.status}.`);
    if (output.json) output.document({ runId, status: run.status, server: selvage.location });
    return EXIT.ok;
  });
}
