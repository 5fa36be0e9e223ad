import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { chosenServer } from '../../client/server-address';
import { EmbeddedServer } from '../../server';
import { startDevWorker, type LoadedMessage } from '../dev-worker';
import { EXIT } from '../exit-codes';
import { FileWatch } from '../file-watch';
import { Interruption } from '../interruption';
import type { Output } from '../output';
import { describePlace } from '../place';
import { connectOptions, workerWords, type ServerOptions } from '../server-options';
import { shownPath } from '../shown-path';

/** A worker has 5 s for its bodies and some more to end; then it is ended, and what it was at runs again in the next. */
const STOP_LIMIT_MS = 10_000;

/** `selvage dev`. */
export async function develop(file: string, options: ServerOptions, output: Output): Promise<number> {
  const interruption = new Interruption();
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
    try {
      return await workAnew(file, options, output, { interruption, changes, watch });
    } finally {
      await held.release();
    }
  } finally {
    watch.close();
    interruption.stop();
  }
}

/** One worker after the other, until it is told to stop. */
async function workAnew(
  file: string,
  options: ServerOptions,
  output: Output,
  { interruption, changes, watch }: { interruption: Interruption; changes: Changes; watch: FileWatch },
): Promise<number> {
  while (!interruption.isAsked) {
    const worker = new DevWorker(startDevWorker([file, ...workerWords(options)]), (files) =>
      watch.add(files),
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
      // Its error is on the screen; the file is what has to change.
      output.say(`Waiting for a change of ${shownPath(path.resolve(file))}`);
      await Promise.race([changed, interruption.asked]);
    }
    if (first === 'asked')
      output.say('Stopping: running bodies have 5 s to end. Ctrl-C again to end at once.');
    await worker.stop();
  }
  return EXIT.ok;
}

interface Held {
  release(): Promise<void>;
}

/** Keeps the embedded server over all restarts of the worker. */
async function holdServer(options: ServerOptions, output: Output): Promise<Held> {
  const connection = connectOptions(options, output);
  const chosen = chosenServer(connection);
  if (chosen) {
    output.say(describePlace(chosen));
    return { release: async () => {} };
  }
  const { log, durable, port, projectDir } = connection;
  const server = await EmbeddedServer.acquire({
    ...(projectDir !== undefined && { projectDir }),
    ...(durable !== undefined && { durable }),
    ...(port !== undefined && { port }),
    ...(log && { log: { info: log, warn: log } }),
  });
  const { address, namespace, uiUrl } = server;
  output.say(describePlace({ address, namespace, source: 'embedded', uiUrl }));
  output.say(`Temporal's web page: ${uiUrl}`);
  return server;
}

/** Changes that came while nobody waited count for the next who does. */
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

class DevWorker {
  hasLoaded = false;
  exitCode: number = EXIT.ok;
  /** The signal that ended it: of the system where there was no memory left, or an operator's. */
  endedBy: NodeJS.Signals | null = null;
  readonly ended: Promise<void>;

  constructor(
    private readonly child: ChildProcess,
    onFiles: (files: readonly string[]) => void,
  ) {
    child.on('message', ({ files, isLoaded }: LoadedMessage) => {
      this.hasLoaded = isLoaded;
      onFiles(files);
    });
    // A worker outlives its channel by the grace of its bodies; whoever wants to end at once wants that of it, too.
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

  /** Tells the worker to stop and waits for its end. */
  async stop(): Promise<void> {
    if (this.child.connected) this.child.disconnect();
    const killer = setTimeout(() => this.child.kill('SIGKILL'), STOP_LIMIT_MS);
    await this.ended;
    clearTimeout(killer);
  }
}
