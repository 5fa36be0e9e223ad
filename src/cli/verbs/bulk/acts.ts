import { Option, type Command } from 'commander';
import { RUN_STATUSES } from '../../../authoring/outcome';
import type { Does } from '../../options/does';
import { commaSeparated } from '../../options/server-options';
import { waitTime } from '../../options/times';
import type { Output } from '../../output/output';
import { parsePayload } from '../../options/signal-payload';
import { EXIT_CODES, addBulkOptions, doInBulk, type BulkCommandOptions } from './carry-out';

export function addBulkCancel(bulk: Command, does: Does): void {
  addBulkOptions(
    bulk
      .command('cancel')
      .description(
        'Asks unfinished runs to end: running bodies get their grace, the rest is skipped, and all is recorded.',
      ),
  )
    .addHelpText('after', `\n${EXIT_CODES}\n\nExample:\n  $ selvage bulk cancel --tapestry nightly --dry-run`)
    .action(
      does((options: BulkCommandOptions, output: Output) => doInBulk({ kind: 'cancel' }, options, output)),
    );
}

export function addBulkTerminate(bulk: Command, does: Does): void {
  addBulkOptions(
    bulk
      .command('terminate')
      .description(
        'Ends unfinished runs at once: no code of them hears of it, knots without an outcome get none.',
      )
      .option('--reason <text>', 'kept with the runs'),
  )
    .addHelpText(
      'after',
      `\n${EXIT_CODES}\n\nExample:\n  $ selvage bulk terminate --tag trial --reason "wrong input" --yes`,
    )
    .action(
      does(({ reason, ...options }: BulkCommandOptions & { readonly reason?: string }, output: Output) =>
        doInBulk({ kind: 'terminate', ...(reason !== undefined && { reason }) }, options, output),
      ),
    );
}

interface BulkResumeOptions extends BulkCommandOptions {
  readonly from?: readonly string[];
  readonly allowDuplicate?: boolean;
  /** False for `--no-reuse`. */
  readonly reuse?: boolean;
}

export function addBulkResume(bulk: Command, does: Does): void {
  addBulkOptions(
    bulk
      .command('resume')
      .description(
        'Goes on from runs that are over, each in a new run that takes over every outcome that was ok. Workers must have the tapestries. ' +
          'Without --status: from those that failed, were cancelled or terminated. Runs that were resumed before are left out.',
      )
      .addOption(
        new Option('--status <status>', 'only of this status').choices(
          RUN_STATUSES.filter((status) => status !== 'running'),
        ),
      )
      .option('--from <ids>', 'knots to run again with all below them, separated by commas', commaSeparated)
      .option('--allow-duplicate', 'also those that were resumed before, as far as that one is over')
      .option('--no-reuse', 'take over only what the runs themselves have made')
      .option('--task-queue <name>', 'task queue of the new runs (default: that of their tapestry)'),
  )
    .addHelpText(
      'after',
      `\n${EXIT_CODES}\n\nExamples:\n  $ selvage bulk resume --status failed --since 2h --dry-run\n  $ selvage bulk resume --status failed --since 2h --yes`,
    )
    .action(
      does(({ from, allowDuplicate, reuse, ...options }: BulkResumeOptions, output: Output) =>
        doInBulk(
          {
            kind: 'resume',
            ...(from && { from }),
            ...(allowDuplicate && { allowDuplicate }),
            ...(reuse === false && { reuse }),
            ...(options.taskQueue !== undefined && { taskQueue: options.taskQueue }),
          },
          options,
          output,
        ),
      ),
    );
}

interface BulkSignalOptions extends BulkCommandOptions {
  readonly allowReferences?: boolean;
  readonly timeout?: number;
}

export function addBulkSignal(bulk: Command, does: Does): void {
  addBulkOptions(
    bulk
      .command('signal')
      .description('Sends unfinished runs a signal, each once, however often this is continued.')
      .argument('<name>', 'name of the signal')
      .argument('[json]', 'payload as JSON; - reads it from the standard input (default: null)')
      .option('--allow-references', 'the payload may refer to values in the data store')
      .option(
        '--timeout <time>',
        "how long to wait for each run's worker: seconds, or such as 2m (default: 60s)",
        waitTime,
      ),
  )
    .addHelpText(
      'after',
      `\n${EXIT_CODES}\n\nExample:\n  $ selvage bulk signal approve '{"by":"ada"}' --tapestry monthly --yes`,
    )
    .action(
      does(async (name: string, json: string | undefined, options: BulkSignalOptions, output: Output) => {
        const { allowReferences, timeout, ...others } = options;
        const { encodeJson } = await import('../../../values/index.js');
        const payload = encodeJson(await parsePayload(name, json, options));
        return await doInBulk(
          {
            kind: 'signal',
            name,
            payload,
            ...(timeout !== undefined && { timeout }),
            ...(allowReferences && { allowReferences }),
          },
          others,
          output,
        );
      }),
    );
}
