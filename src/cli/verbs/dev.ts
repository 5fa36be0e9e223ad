import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { FileWatch } from '../files/file-watch';
import { flag, unless, valued, type Chosen } from '../options/option';
import {
  HEALTH,
  SERVER,
  connectOptions,
  heedLogFormat,
  listeningPort,
  placeWords,
  workerWords,
  type ServerOptions,
} from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import type { Output } from '../output/output';
import { shownPath } from '../output/typed-commands';
import { Interruption } from '../process/interruption';
import { startDevPage, startDevWorker, type LoadedMessage, type PageMessage } from '../work/dev-processes';
import { verb } from '../table/verb';

const OPTIONS = {
  taskQueue: valued('<name>', 'task queue of the worker (default: selvage/<tapestry> of each)'),
  ui: unless('no page'),
  uiPort: valued('<number>', 'port of the page (default: 4480, or one that is free)', {
    read: listeningPort,
  }),
  open: flag('open the page in a browser'),
  ...HEALTH,
  ...SERVER,
};

type DevOptions = Chosen<typeof OPTIONS>;

export const addDev = verb({
  name: 'dev',
  summary: 'server and worker, with reload on change',
  description:
    'Runs the server and a worker of all tapestries of a file. The worker is started anew whenever the file, or one that ' +
    'it imports, changes; runs go on in the new one. A page shows them: its link is printed. Ctrl-C ends it.',
  arguments: { '<file>': 'file that exports tapestries' },
  options: OPTIONS,
  after:
    '\nExample:\n  $ selvage dev pipeline.ts\n  $ selvage run pipeline.ts --param x=5 --detach   # elsewhere',
  async work(file: string, options: DevOptions, output: Output) {
    heedLogFormat(options);
    const interruption = new Interruption(output);
    const changes = new Changes();
    const watch = new FileWatch((files) => {
      output.say(`Changed: ${files.map(shownPath).join(', ')}`);
      changes.report();
    });
    try {
      const held = await interruption.orAsked(holdServer(options, output));
      if (!held) {
        output.warn('Interrupted before the worker began.');
        return interruption.exitCode;
      }
      watch.add([path.resolve(file)]);
      const page = options.ui ? new DevPage(file, options) : undefined;
      try {
        return await workAnew(file, options, output, { interruption, changes, watch, page });
      } finally {
        await page?.stop();
        await held.release();
      }
    } finally {
      watch.close();
      interruption.stop();
    }
  },
});

/** Bodies get 5 s, and a worker some more to end. A slower worker is killed; the next one runs its bodies again. */
const STOP_LIMIT_MS = 10_000;

/** Time for the page to stop: it only has connections to close. */
const PAGE_STOP_LIMIT_MS = 3_000;

async function workAnew(
  file: string,
  options: DevOptions,
  output: Output,
  {
    interruption,
    changes,
    watch,
    page,
  }: {
    readonly interruption: Interruption;
    readonly changes: Changes;
    readonly watch: FileWatch;
    readonly page: DevPage | undefined;
  },
): Promise<number> {
  while (!interruption.isAsked) {
    const since = Date.now();
    const worker = new DevWorker(
      startDevWorker([file, ...workerWords(options), ...healthWords(options)]),
      (files) => watch.add(files, since),
    );
    const changed = changes.next();
    const first = await Promise.race([
      changed.then(() => 'changed' as const),
      worker.ended.then(() => 'ended' as const),
      interruption.asked.then(() => 'asked' as const),
    ]);
    if (first === 'ended') {
      if (worker.hasLoaded && worker.exitCode !== EXIT.endedEarly) return worker.exitCode;
      if (worker.endedBy)
        output.warn(`The worker was ended by ${worker.endedBy}; its runs wait on the server.`);
      // The worker has printed its error; only a change of the file helps.
      output.say(`Waiting for a change of ${shownPath(path.resolve(file))}`);
      await Promise.race([changed, interruption.asked]);
    }
    if (first === 'asked')
      output.say('Stopping: running bodies have 5 s to end. Ctrl-C again to end at once.');
    await Promise.all([worker.stop(), interruption.isAsked ? undefined : page?.renew()]);
  }
  return EXIT.ok;
}

/** The page for the current file, at one address. The page outlives the workers, to show their runs. */
class DevPage {
  private child: DevChild;
  private port: number | undefined;

  constructor(
    private readonly file: string,
    private readonly options: DevOptions,
  ) {
    this.port = options.uiPort;
    this.child = this.start(true);
  }

  /** Starts a new page after a change, because the page's forms come from the file. */
  async renew(): Promise<void> {
    await this.stop();
    this.child = this.start(false);
  }

  async stop(): Promise<void> {
    await this.child.stop();
  }

  private start(isFirst: boolean): DevChild {
    const { port: temporalPort, ...options } = this.options;
    const child = startDevPage(
      [
        this.file,
        ...placeWords(options),
        ...(temporalPort === undefined ? [] : ['--temporal-port', String(temporalPort)]),
        ...(this.port === undefined ? [] : ['--port', String(this.port)]),
        ...(options.open ? ['--open'] : []),
      ],
      isFirst,
    );
    child.on('message', ({ pagePort }: PageMessage) => (this.port = pagePort));
    return new DevChild(child, PAGE_STOP_LIMIT_MS);
  }
}

interface Held {
  release(): Promise<void>;
}

/** Keeps the embedded server running over all restarts of the worker. */
async function holdServer(options: ServerOptions, output: Output): Promise<Held> {
  const { describePlace } = await import('../location/connect.js');
  const { chosenServer, embeddedOptions } = await import('../../connection/server-address.js');
  const { EmbeddedServer } = await import('../../server/index.js');
  const connection = connectOptions(options, output);
  const chosen = chosenServer(connection);
  if (chosen) {
    output.say(describePlace(chosen));
    return { release: async () => {} };
  }
  const { log } = connection;
  const server = await EmbeddedServer.acquire({
    ...embeddedOptions(connection),
    ...(log && { log: { info: log, warn: log } }),
  });
  const { address, namespace, uiUrl } = server;
  output.say(describePlace({ address, namespace, source: 'embedded', uiUrl }));
  return server;
}

function healthWords({ healthPort, host }: DevOptions): string[] {
  return healthPort === undefined ? [] : ['--health-port', String(healthPort), '--host', host];
}

/** Changes of files. Keeps a change that nobody waits for until the next call. */
class Changes {
  private isReported = false;
  private tell: () => void = () => {};

  report(): void {
    this.isReported = true;
    this.tell();
  }

  async next(): Promise<void> {
    if (!this.isReported) await new Promise<void>((resolve) => (this.tell = resolve));
    this.isReported = false;
  }
}

class DevChild {
  exitCode: number = EXIT.ok;
  /** The signal that ended the process, sent by an operator or for lack of memory. */
  endedBy: NodeJS.Signals | null = null;
  readonly ended: Promise<void>;

  /** @param limitMs the process is killed this long after the request to stop */
  constructor(
    private readonly child: ChildProcess,
    private readonly limitMs: number,
  ) {
    // A worker outlives its channel by the grace of its bodies; a second signal must end it at once, too.
    const endAtOnce = (): void => void child.kill('SIGKILL');
    process.once('exit', endAtOnce);
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        process.off('exit', endAtOnce);
        this.exitCode = code ?? EXIT.endedEarly;
        this.endedBy = signal;
        resolve();
      });
    });
  }

  async stop(): Promise<void> {
    if (this.child.connected) this.child.disconnect();
    const killer = setTimeout(() => this.child.kill('SIGKILL'), this.limitMs);
    await this.ended;
    clearTimeout(killer);
  }
}

class DevWorker extends DevChild {
  hasLoaded = false;

  constructor(child: ChildProcess, onFiles: (files: readonly string[]) => void) {
    super(child, STOP_LIMIT_MS);
    child.on('message', ({ files, isLoaded }: LoadedMessage) => {
      this.hasLoaded = isLoaded;
      onFiles(files);
    });
  }
}
