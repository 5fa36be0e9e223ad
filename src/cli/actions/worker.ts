import type { Selvage } from '../../client';
import { closeInTime } from '../close-in-time';
import { hasResult, workFor } from '../early-end';
import { isDevWorker, EndOfDev, tellLoaded } from '../dev-worker';
import { EXIT } from '../exit-codes';
import { Interruption } from '../interruption';
import { keepTypeScriptLoadable, loadFile, loadedProjectFiles, type LoadedFile } from '../load-file';
import { openFor } from '../open-for';
import type { Output } from '../output';
import { describePlace } from '../place';
import type { ServerOptions } from '../server-options';

/** `selvage worker`. */
export async function work(file: string, options: ServerOptions, output: Output): Promise<number> {
  workFor('worker');
  const isDev = isDevWorker();
  const end = isDev ? new EndOfDev() : new Interruption();
  try {
    const opened = await end.orAsked(open(file, isDev, options, output));
    if (!opened) {
      if (!isDev) output.warn('Interrupted before the worker began.');
      return end.exitCode;
    }
    const { selvage, names } = opened;
    try {
      if (!isDev) output.say(describePlace(selvage.place));
      output.say(`Worker of ${names} on task queue ${selvage.taskQueue}${isDev ? '' : '. Ctrl-C stops it.'}`);
      await Promise.race([selvage.workerEnded, end.asked]);
      hasResult(EXIT.ok);
      if (!isDev) output.say('Stopping: running bodies have 5 s to end. Ctrl-C again to end at once.');
    } finally {
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
  options: ServerOptions,
  output: Output,
): Promise<{ selvage: Selvage; names: string }> {
  const loaded = isDev ? await loadAndTell(file) : await loadFile(file);
  const selvage = await openFor(loaded.tapestries, options, output);
  keepTypeScriptLoadable();
  return { selvage, names: loaded.tapestries.map(({ name }) => name).join(', ') };
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
