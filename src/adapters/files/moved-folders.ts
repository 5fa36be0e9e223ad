import { existsSync } from 'node:fs';
import path from 'node:path';
import type { ReadContext } from '../../streams';
import { HEAD_BYTES, findFile, patternOf, type FilePlace, type OpenFile } from './file-identity';

/** Finds followed files whose folder has moved, as with its project: nothing in their old folder is wanted any more. */
export class MovedFolders {
  /** By the old folder: where a file of it was found. */
  readonly #known = new Map<string, string>();

  /** @param paths what is wanted today, as it was declared */
  constructor(
    private readonly paths: readonly string[],
    private readonly logger: ReadContext['logger'],
  ) {}

  /**
   * The path of today of a file, or a pattern, whose folder has moved. A folder has moved if one of its files was found
   * elsewhere, or if the path is declared as it was, relative to the project. Both are sure. It has probably moved if it
   * is gone.
   */
  today(file: string): { readonly path: string; readonly isSure: boolean } | undefined {
    const [folder, today] = [path.dirname(file), this.#candidate(file)];
    if (!today) return undefined;
    const isSure = today.isDeclared || this.#known.get(folder) === today.folder;
    return isSure || !existsSync(folder)
      ? { path: path.join(today.folder, path.basename(file)), isSure }
      : undefined;
  }

  /**
   * Finds the file of a place in the folder of today, and in the one of before if its path may have been edited.
   *
   * @param isTaken whether it is the file of another place
   */
  async find(
    saved: FilePlace,
    isTaken: (file: OpenFile) => boolean,
  ): Promise<{ readonly place: FilePlace; readonly found?: OpenFile }> {
    const today = this.#candidate(saved.path);
    const moved = today && { ...saved, path: path.join(today.folder, path.basename(saved.path)) };
    let places = [moved ?? saved];
    if (moved && !today.isDeclared) {
      places = [moved, saved];
      // Small files often begin alike: then one that is still where it was goes before.
      if (saved.head.bytes < HEAD_BYTES) places.reverse();
    }
    for (const place of places) {
      const found = await findFile(place, place === moved ? 1 : HEAD_BYTES);
      if (found && isTaken(found)) await found.handle.close();
      else if (found) {
        if (place === moved) this.#tell(saved, found);
        return { place, found };
      }
    }
    return { place: places[0]! };
  }

  #tell({ path: old, at }: FilePlace, { path: today }: OpenFile): void {
    this.#known.set(path.dirname(old), path.dirname(today));
    this.logger.warn(`${today} is read on from byte ${at}: up to there, it has the contents of ${old}`);
  }

  /** The wanted folder that has such a file, and most of the old folder's names at its end. */
  #candidate(file: string): { readonly folder: string; readonly isDeclared: boolean } | undefined {
    const old = path.dirname(file);
    let best: { folder: string; alike: number; isDeclared: boolean } | undefined;
    for (const declared of this.paths) {
      const pattern = path.resolve(declared);
      const folder = path.dirname(pattern);
      if (!patternOf(pattern).test(path.basename(file))) continue;
      if (folder === old) return undefined;
      const alike = namesAlike(old, folder);
      const names = path.dirname(path.normalize(declared)).split(path.sep);
      const isDeclared = alike >= names.filter((name) => name !== '.' && name !== '..').length;
      if (!best || alike > best.alike) best = { folder, alike, isDeclared };
    }
    return best;
  }
}

/** How many names two paths have in common at their ends. */
function namesAlike(one: string, other: string): number {
  const [names, others] = [one, other].map((each) => each.split(path.sep).reverse()) as [string[], string[]];
  const differs = names.findIndex((name, index) => name !== others[index]);
  return differs < 0 ? names.length : differs;
}
