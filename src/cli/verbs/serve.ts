import type { Command } from 'commander';
import type { Selvage } from '../../client';
import type { EmitterDeclaration } from '../../emitters';
import type { UiOptions as ServedPage, Serving } from '../../serve';
import type { Monitor } from '../../serve/monitor';
import type { LoadedFile } from '../files/load-file';
import type { Does } from '../options/does';
import {
  addPageOptions,
  addServerOptions,
  addServiceOptions,
  heedLogFormat,
  listeningPort,
  withServerPort,
  type PageOptions,
  type ServerOptions,
  type ServiceOptions,
} from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import type { Output } from '../output/output';
import { directCommand, isBehindPackageManager } from '../output/typed-commands';
import { hasResult, workFor } from '../process/early-end';
import { Interruption } from '../process/interruption';
import { describePage } from '../show/page-link';

interface ServeOptions extends Omit<ServerOptions, 'port'>, ServiceOptions, PageOptions {
  readonly port: number;
  readonly host: string;
  readonly healthPort?: number;
  readonly worker: boolean;
  readonly ui?: boolean;
  readonly uiPort?: number;
  readonly uiHost: string;
  readonly temporalPort?: number;
}

export function addServe(program: Command, does: Does): void {
  const command = program
    .command('serve')
    .summary('let the triggers of a file start runs, until it is told to stop')
    .description(
      'Lets all triggers that a file exports start runs, and works for these runs. It answers webhooks, /livez, /readyz and /metrics. ' +
        'Ctrl-C or SIGTERM stops it: nothing more is accepted, and all that was accepted is started.',
    )
    .argument('<file>', 'file that exports triggers, and tapestries')
    .option('--port <number>', 'port to listen on; 0: any that is free', listeningPort, 8080)
    .option('--host <address>', 'address to listen on; 0.0.0.0: all networks of this machine', '127.0.0.1')
    .option('--health-port <port>', 'port of their own for /livez, /readyz and /metrics', listeningPort)
    .option('--no-worker', 'only start runs; workers elsewhere do the work')
    .option('--ui', 'the page, too: `selvage ui` with the tapestries of the file')
    .option('--task-queue <name>', 'task queue of runs and worker (default: selvage/<tapestry> of each)')
    .addHelpText(
      'after',
      `
Schedules are the server's: \`selvage schedules deploy FILE\` gives it those that the file exports.

Examples:
  $ selvage serve orders.ts
  $ selvage serve orders.ts --no-worker --host 0.0.0.0 --port 80 --health-port 9090`,
    );
  addServerOptions(addServiceOptions(addPageOptions(command, 'ui-')), '--temporal-port').action(
    does(serveFile),
  );
}

async function serveFile(file: string, options: ServeOptions, output: Output): Promise<number> {
  workFor('worker');
  heedLogFormat(options);
  const end = new Interruption(output);
  try {
    const { chosenLogFormat } = await import('../../connection/log-line.js');
    const { loggerTo, sayInLogLines } = await import('../location/logging.js');
    const format = chosenLogFormat('text');
    if (format === 'json') sayInLogLines(output, format);
    const { Monitor } = await import('../../serve/monitor.js');
    const monitor = await Monitor.create();
    const opened = await end.orAsked(open(file, options, output, monitor));
    if (!opened) {
      output.warn('Interrupted before anything was served.');
      return end.exitCode;
    }
    sayInLogLines(output, format);
    const { closeInTime, describePlace } = await import('../location/connect.js');
    const { selvage, loaded, hasWorker, emitters } = opened;
    try {
      output.say(describePlace(selvage.location));
      const { Served } = await import('../../serve/serve.js');
      const { port, host, healthPort } = options;
      const serving = await Served.start(
        selvage,
        {
          triggers: loaded.triggers,
          tapestries: loaded.tapestries,
          emitters,
          port,
          host,
          healthPort,
          ui: options.ui && pageOf(options),
        },
        {
          logger: loggerTo(output, { format, runs: true }),
          hasWorker,
          ownsClient: false,
          monitor,
        },
      );
      try {
        output.say(`${await describe(loaded, serving, hasWorker)}. Ctrl-C stops it.`);
        if (serving.ui) describePage(serving.ui, output, !output.isLive);
        if (isBehindPackageManager(process.env))
          output.say(`npm and npx pass no SIGTERM on. As a service, start it by ${directCommand()}`);
        await Promise.race([serving.ended, end.asked]);
        hasResult(EXIT.ok);
        output.say('Stopping: what was accepted is started. Ctrl-C again to end at once.');
      } finally {
        await serving.stop();
      }
    } finally {
      await closeInTime(selvage, output);
    }
    return EXIT.ok;
  } finally {
    end.stop();
  }
}

function pageOf({ uiPort, uiHost, publicHost, readOnly, requireToken }: ServeOptions): ServedPage {
  return { host: uiHost, port: uiPort, hosts: publicHost, readOnly, requireToken };
}

async function open(
  file: string,
  options: ServeOptions,
  output: Output,
  monitor: Monitor,
): Promise<{ selvage: Selvage; loaded: LoadedFile; hasWorker: boolean; emitters: EmitterDeclaration[] }> {
  const { loadFile } = await import('../files/load-file.js');
  const { openFor } = await import('../location/connect.js');
  const { keepTypeScriptLoadable } = await import('../../user-modules/index.js');
  const loaded = await loadFile(file, { needs: 'trigger' });
  const hasWorker = options.worker && loaded.tapestries.length > 0;
  const { emittersOf } = await import('../files/emitters.js');
  const emitters = await emittersOf(loaded, options);
  const selvage = await openFor(hasWorker ? loaded.tapestries : undefined, withServerPort(options), output, {
    runs: true,
    emitters: false,
    monitor,
  });
  keepTypeScriptLoadable();
  return { selvage, loaded, hasWorker, emitters };
}

async function describe(
  { triggers, tapestries }: LoadedFile,
  { url }: Serving,
  hasWorker: boolean,
): Promise<string> {
  const { triggerName } = await import('../../triggers/index.js');
  const work = hasWorker ? `, and works for ${tapestries.map(({ name }) => name).join(', ')}` : '';
  return `Serves ${triggers.map(triggerName).join(', ')} at ${url}${work}`;
}
