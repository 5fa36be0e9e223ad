import { Option, type Command } from 'commander';
import { RUN_STATUSES, type RunStatus } from '../../model/outcome';
import { late } from '../late-imports';
import type { Output } from '../output';
import type { Answer } from '../program';
import { addJsonOption, addServerOptions, wholeNumber, type ServerOptions } from '../server-options';
import { TIME_FORMS, timeOption } from '../time-option';

export interface RunsListOptions extends ServerOptions {
  readonly status?: RunStatus;
  readonly tapestry?: string;
  readonly actor?: string;
  readonly trigger?: string;
  readonly tag?: string;
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
  readonly cursor?: string;
}

export interface RunsTerminateOptions extends ServerOptions {
  readonly reason?: string;
}

export function addRunsCommand(program: Command, output: Output, answer: Answer): void {
  const runs = program
    .command('runs')
    .summary('list, show, cancel and terminate runs')
    .description('Lists, shows, cancels and terminates runs.')
    .addHelpText('after', '\nExample:\n  $ selvage runs list --status failed');
  withOptions(
    runs
      .command('list')
      .description('Lists runs, newest first; before them those that no worker has begun.')
      .addOption(new Option('--status <status>', 'only of this status').choices(RUN_STATUSES))
      .option('--tapestry <name>', 'only of this tapestry')
      .option('--actor <name>', 'only started by this actor')
      .option('--trigger <name>', 'only started by this trigger: cli, code, temporal, …')
      .option('--tag <tag>', 'only with this tag')
      .option('--since <time>', `only begun then or later: ${TIME_FORMS}`, (text) => timeOption(text))
      .option('--until <time>', 'only begun before that', (text) => timeOption(text))
      .option('--limit <number>', 'how many at most', wholeNumber, 20)
      .option('--cursor <cursor>', 'go on where the page before ended')
      .addHelpText(
        'after',
        '\nExamples:\n  $ selvage runs list --tapestry quickstart --status failed --limit 5\n  $ selvage runs list --status failed --since 2h',
      ),
  ).action(async (options: RunsListOptions) => answer(await late.actions.runs().listRuns(options, output)));
  withOptions(
    runs
      .command('show')
      .description('Shows how a run stands and why it waits, or how it ended.')
      .argument('<run-id>')
      .addHelpText('after', '\nExample:\n  $ selvage runs show quickstart-1f2e3d4c'),
  ).action(async (runId: string, options: ServerOptions) =>
    answer(await late.actions.runs().showRun(runId, options, output)),
  );
  withOptions(
    runs
      .command('cancel')
      .description(
        'Asks a run to end: running bodies get their grace, the rest is skipped, and all is recorded.',
      )
      .argument('<run-id>')
      .addHelpText('after', '\nExample:\n  $ selvage runs cancel quickstart-1f2e3d4c'),
  ).action(async (runId: string, options: ServerOptions) =>
    answer(await late.actions.runs().cancelRun(runId, options, output)),
  );
  withOptions(
    runs
      .command('terminate')
      .description(
        'Ends a run at once: no code of it hears of it, knots without an outcome get none. To let bodies end, cancel it.',
      )
      .argument('<run-id>')
      .option('--reason <text>', 'kept with the run')
      .addHelpText(
        'after',
        '\nExample:\n  $ selvage runs terminate quickstart-1f2e3d4c --reason "wrong input"',
      ),
  ).action(async (runId: string, options: RunsTerminateOptions) =>
    answer(await late.actions.runs().terminateRun(runId, options, output)),
  );
}

function withOptions(command: Command): Command {
  return addServerOptions(addJsonOption(command));
}
