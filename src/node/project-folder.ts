import { statSync, type Stats } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { STATE_FOLDER } from './private-files';

/**
 * The absolute path of `said`, if given; else the nearest folder with a `.selvage`, from `from` upwards; else
 * `from`. The search ends at the first folder with a `.git`, and below the home folder. The search skips another user's
 * `.selvage` above `from`, as its files name processes and databases to use.
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
    // An unreadable folder holds nothing for this user.
    return undefined;
  }
}
