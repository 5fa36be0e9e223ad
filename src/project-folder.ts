import { statSync, type Stats } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { STATE_FOLDER } from './private-files';

/**
 * Returns the absolute path of the project's folder: `said`, if given; else the nearest folder that has a
 * `.selvage`, from `from` upwards; else `from`. The search ends at the first folder that has a `.git`, and
 * below the home folder. A `.selvage` above `from` that belongs to another user is skipped: its files name
 * processes and databases that this process would use.
 *
 * @param from default: the working directory
 * @param home default: the current user's
 */
export function projectFolder(said?: string, from: string = process.cwd(), home: string = homedir()): string {
  if (said !== undefined) return path.resolve(said);
  const start = path.resolve(from);
  if (isProject(start)) return start;
  let folder = start;
  for (;;) {
    const above = path.dirname(folder);
    if (above === folder || above === home || lookAt(path.join(folder, '.git'))) return start;
    folder = above;
    const state = stateOf(folder);
    if (state && isOwn(state)) return folder;
  }
}

/** Whether a folder contains a `.selvage`. */
export function isProject(folder: string): boolean {
  return stateOf(folder) !== undefined;
}

function stateOf(folder: string): Stats | undefined {
  const state = lookAt(path.join(folder, STATE_FOLDER));
  return state?.isDirectory() ? state : undefined;
}

function isOwn({ uid }: Stats): boolean {
  return process.getuid === undefined || process.getuid() === uid;
}

function lookAt(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch {
    // A folder that cannot be read holds nothing for this user.
    return undefined;
  }
}
