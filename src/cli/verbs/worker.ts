import { SelvageError } from '../../errors';
import type { OpenOptions, Selvage } from '../../client';
import type { LogFormat } from '../../connection/log-line';
import type { Serving } from '../../serve';
import type { Monitor } from '../../serve/monitor';
import type { LoadedFile } from '../files/load-file';
import { valued, type Chosen } from '../options/option';
import { HEALTH, SERVER, collect, heedLogFormat, wholeNumber } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import type { Output } from '../output/output';
import { directCommand, isBehindPackageManager } from '../output/typed-commands';
import { hasResult, workFor } from '../process/early-end';
import { Interruption } from '../process/interruption';
import { EndOfDev, isDevWorker, tellDev } from '../work/dev-processes';
import { verb } from '../table/verb';

const BEHAVIOURS = { pinned: 'PINNED', 'auto-upgrade': 'AUTO_UPGRADE' } as const;

const OPTIONS = {
  taskQueue: valued('<name>', 'task queue to poll (default: selvage/<tapestry> of each)'),
  adopt: valued(
    '<run>',
    'work for a run whose `selvage run` is gone, too, until it is over; may be repeated; all: for every such run of the file',
    { read: collect },
  ),
  slots: valued('<number>', 'most knots at once; more wait for another worker (default: 1000)', {
    read: wholeNumber,
  }),
  buildId: valued('<id>', "take part in Temporal's worker versioning as this build of --deployment"),
  deployment: valued('<name>', 'name of the deployment of --build-id', { default: 'selvage' }),
  versioning: valued('<how>', 'whether runs stay with the build that began them', {
    choices: Object.keys(BEHAVIOURS) as (keyof typeof BEHAVIOURS)[],
    default: 'pinned' as const,
  }),
  ...HEALTH,
  ...SERVER,
};

type WorkerOptions = Chosen<typeof OPTIONS>;

export const addWorker = verb({
  name: 'worker',
  summary: 'work for runs until it is told to stop',
  description:
    'Works for runs of all tapestries of a file. Ctrl-C or SIGTERM stops it: running bodies get 5 s to end, what has not ' +
    'ended goes on in another worker.',
  arguments: { '<file>': 'file that exports tapestries' },
  options: OPTIONS,
  after: `
As a service (systemd, a container) start it without npm, which passes no SIGTERM on:
  $ node node_modules/.bin/selvage worker pipeline.ts

Examples:
  $ selvage worker pipeline.ts --address temporal.example.com:7233 --namespace data
  $ selvage worker pipeline.ts --adopt nightly-1f2e3d4c5b6a`,
  async work(file: string, options: WorkerOptions, output: Output) {
    workFor('worker');
    heedLogFormat(options);
    const isDev = isDevWorker();
    const end = isDev ? new EndOfDev() : new Interruption(output);
    try {
      const { chosenLogFormat } = await import('../../connection/log-line.js');
      const { sayInLogLines } = await import('../location/logging.js');
      const format = chosenLogFormat('text');
      // With JSON logs, all output is log lines; else texts for people come until the worker is ready.
      if (format === 'json') sayInLogLines(output, format);
      const { Monitor } = await import('../../serve/monitor.js');
      const monitor = options.healthPort === undefined ? undefined : await Monitor.create();
      const opened = await end.orAsked(open(file, isDev, options, output, monitor));
      if (!opened) {
        if (!isDev) output.warn('Interrupted before the worker began.');
        return end.exitCode;
      }
      if (!isDev) sayInLogLines(output, format);
      const { closeInTime, describePlace } = await import('../location/connect.js');
      const { Adoption } = await import('../work/adoption.js');
      const { selvage, loaded } = opened;
      const adoption = new Adoption(selvage, loaded.tapestries, output);
      let health: Serving | undefined;
      try {
        health = await answerHealth(selvage, loaded, options, output, { format, monitor });
        if (!isDev) output.say(describePlace(selvage.location));
        output.say(`Worker of ${await describe(loaded, selvage)}${isDev ? '' : '. Ctrl-C stops it.'}`);
        if (!isDev && isBehindPackageManager(process.env))
          output.say(`npm and npx pass no SIGTERM on. As a service, start it by ${directCommand()}`);
        if (health) output.say(`Answers /livez, /readyz and /metrics at ${health.healthUrl}`);
        adoption.begin(options.adopt ?? []);
        await Promise.race([selvage.workerEnded, adoption.failed, end.asked]);
        hasResult(EXIT.ok);
        if (!isDev) output.say('Stopping: running bodies have 5 s to end. Ctrl-C again to end at once.');
      } finally {
        adoption.stop();
        await health?.stop();
        await closeInTime(selvage, output);
      }
      return EXIT.ok;
    } finally {
      end.stop();
    }
  },
});

async function answerHealth(
  selvage: Selvage,
  { tapestries }: LoadedFile,
  { healthPort, host }: WorkerOptions,
  output: Output,
  { format, monitor }: { readonly format: LogFormat; readonly monitor: Monitor | undefined },
): Promise<Serving | undefined> {
  const { loggerTo } = await import('../location/logging.js');
  if (healthPort === undefined || !monitor) return undefined;
  const { Served } = await import('../../serve/serve.js');
  const logger = loggerTo(output, { format, runs: true });
  const surroundings = { logger, hasWorker: true, ownsClient: false, monitor };
  return await Served.start(
    selvage,
    { triggers: [], tapestries, healthPort, host, emitters: false },
    surroundings,
  );
}

async function open(
  file: string,
  isDev: boolean,
  options: WorkerOptions,
  output: Output,
  monitor: Monitor | undefined,
): Promise<{ selvage: Selvage; loaded: LoadedFile }> {
  const { loadFile } = await import('../files/load-file.js');
  const { openFor } = await import('../location/connect.js');
  const { untilPolled } = await import('../work/pollers.js');
  const { keepTypeScriptLoadable } = await import('../../user-modules/index.js');
  const loaded = isDev ? await loadAndTell(file) : await loadFile(file);
  const opening = openFor(loaded.tapestries, options, output, {
    runs: true,
    file: loaded,
    monitor,
    workerOptions: temporalOptions(options),
  });
  const selvage = await (isDev ? tellingFiles(opening) : opening);
  keepTypeScriptLoadable();
  await untilPolled(selvage, await queuesOf(loaded, selvage));
  return { selvage, loaded };
}

function temporalOptions({
  slots,
  buildId,
  deployment,
  versioning,
}: WorkerOptions): OpenOptions['workerOptions'] {
  return {
    ...(slots !== undefined && { maxConcurrentActivityTaskExecutions: slots }),
    ...(buildId !== undefined && {
      workerDeploymentOptions: {
        useWorkerVersioning: true,
        version: { deploymentName: deployment, buildId },
        defaultVersioningBehavior: BEHAVIOURS[versioning],
      },
    }),
  };
}

async function queuesOf({ tapestries }: LoadedFile, { taskQueue }: Selvage): Promise<string[]> {
  const { taskQueuesOf } = await import('../../plan/index.js');
  const { recordOf } = await import('../../authoring/index.js');
  return taskQueue === undefined
    ? taskQueuesOf(tapestries.map((tapestry) => recordOf(tapestry)))
    : [taskQueue];
}

async function describe(loaded: LoadedFile, selvage: Selvage): Promise<string> {
  const queues = await queuesOf(loaded, selvage);
  const names = loaded.tapestries.map(({ name }) => name).join(', ');
  return `${names} on ${queues.length === 1 ? 'task queue' : 'task queues'} ${queues.join(', ')}`;
}

async function loadAndTell(file: string): Promise<LoadedFile> {
  const { loadFile } = await import('../files/load-file.js');
  const { loadedProjectFiles } = await import('../../user-modules/index.js');
  let isLoaded = false;
  try {
    const loaded = await loadFile(file);
    isLoaded = true;
    return loaded;
  } finally {
    tellDev({ files: loadedProjectFiles(), isLoaded });
  }
}

/** Includes files of body hosts, whose errors only a change of these files mends. */
async function tellingFiles(opening: Promise<Selvage>): Promise<Selvage> {
  const { loadedProjectFiles } = await import('../../user-modules/index.js');
  let isLoaded = true;
  try {
    return await opening;
  } catch (error) {
    isLoaded = !(SelvageError.is(error, 'HostNotUsable') || SelvageError.is(error, 'HostMismatch'));
    throw error;
  } finally {
    tellDev({ files: loadedProjectFiles(), isLoaded });
  }
}
