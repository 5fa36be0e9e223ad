import type { Selvage } from '../../client';
import type { EmitterDeclaration } from '../../emitters';
import type { UiOptions as ServedPage, Serving } from '../../serve';
import type { Monitor } from '../../serve/monitor';
import type { LoadedFile } from '../files/load-file';
import { flag, unless, valued, type Chosen } from '../options/option';
import {
  SERVER_BESIDE,
  SERVICE,
  UI_PAGE,
  heedLogFormat,
  listeningPort,
  withServerPort,
} from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import type { Output } from '../output/output';
import { directCommand, isBehindPackageManager } from '../output/typed-commands';
import { hasResult, workFor } from '../process/early-end';
import { Interruption } from '../process/interruption';
import { describePage } from '../show/page-link';
import { verb } from '../table/verb';

const OPTIONS = {
  port: valued('<number>', 'port to listen on; 0: any that is free', { read: listeningPort, default: 8080 }),
  host: valued('<address>', 'address to listen on; 0.0.0.0: all networks of this machine', {
    default: '127.0.0.1',
  }),
  healthPort: valued('<port>', 'port of their own for /livez, /readyz and /metrics', { read: listeningPort }),
  worker: unless('only start runs; workers elsewhere do the work'),
  ui: flag('the page, too: `selvage ui` with the tapestries of the file'),
  taskQueue: valued('<name>', 'task queue of runs and worker (default: selvage/<tapestry> of each)'),
  ...UI_PAGE,
  ...SERVICE,
  ...SERVER_BESIDE,
};

type ServeOptions = Chosen<typeof OPTIONS>;

export const addServe = verb({
  name: 'serve',
  summary: 'let the triggers of a file start runs, until it is told to stop',
  description:
    'Lets all triggers that a file exports start runs, and works for these runs. It answers webhooks, /livez, /readyz and /metrics. ' +
    'Ctrl-C or SIGTERM stops it: nothing more is accepted, and all that was accepted is started.',
  arguments: { '<file>': 'file that exports triggers, and tapestries' },
  options: OPTIONS,
  after: `
Schedules are the server's: \`selvage schedules deploy FILE\` gives it those that the file exports.

Examples:
  $ selvage serve orders.ts
  $ selvage serve orders.ts --no-worker --host 0.0.0.0 --port 80 --health-port 9090`,
  async work(file: string, options: ServeOptions, output: Output) {
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
  },
});

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
    file: false,
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
