import type { Selvage } from '../../client';
import { taskQueuesOf } from '../../engine';
import { recordOf } from '../../model';
import { Adoption } from '../adoption';
import type { WorkerOptions } from '../commands/worker';
import { closeInTime } from '../close-in-time';
import { hasResult, workFor } from '../early-end';
import { isDevWorker, EndOfDev, tellLoaded } from '../dev-worker';
import { EXIT } from '../exit-codes';
import { Interruption } from '../interruption';
import { keepTypeScriptLoadable, loadFile, loadedProjectFiles, type LoadedFile } from '../load-file';
import { openFor } from '../open-for';
import type { Output } from '../output';
import { describePlace } from '../place';

/** `selvage worker`. */
export async function work(file: string, options: WorkerOptions, output: Output): Promise<number> {
  workFor('worker');
  const isDev = isDevWorker();
  const end = isDev ? new EndOfDev() : new Interruption();
  try {
    const opened = await end.orAsked(open(file, isDev, options, output));
    if (!opened) {
      if (!isDev) output.warn('Interrupted before the worker began.');
      return end.exitCode;
    }
    const { selvage, loaded } = opened;
    const adoption = new Adoption(selvage, loaded.tapestries, output);
    try {
      if (!isDev) output.say(describePlace(selvage.place));
      output.say(`Worker of ${describe(loaded, selvage)}${isDev ? '' : '. Ctrl-C stops it.'}`);
      adoption.begin(options.adopt ?? []);
      await Promise.race([selvage.workerEnded, adoption.failed, end.asked]);
      hasResult(EXIT.ok);
      if (!isDev) output.say('Stopping: running bodies have 5 s to end. Ctrl-C again to end at once.');
    } finally {
      adoption.stop();
      await closeInTime(selvage, output);
    }
    return EXIT.ok;
  } finally {
    end.stop();
  }
}

async function open(
  file: string,
  isDev: boolean,
  options: WorkerOptions,
  output: Output,
): Promise<{ selvage: Selvage; loaded: LoadedFile }> {
  const loaded = isDev ? await loadAndTell(file) : await loadFile(file);
  const selvage = await openFor(loaded.tapestries, options, output, { runs: true });
  keepTypeScriptLoadable();
  return { selvage, loaded };
}

function describe({ tapestries }: LoadedFile, { taskQueue }: Selvage): string {
  const queues =
    taskQueue === undefined ? taskQueuesOf(tapestries.map((tapestry) => recordOf(tapestry))) : [taskQueue];
  const names = tapestries.map(({ name }) => name).join(', ');
  return `${names} on ${queues.length === 1 ? 'task queue' : 'task queues'} ${queues.join(', ')}`;
}

async function loadAndTell(file: string): Promise<LoadedFile> {
  let isLoaded = false;
  try {
    const loaded = await loadFile(file);
    isLoaded = true;
    return loaded;
  } finally {
    tellLoaded({ files: loadedProjectFiles(), isLoaded });
  }
}
