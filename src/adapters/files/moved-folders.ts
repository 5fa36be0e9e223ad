import { existsSync } from 'node:fs';
import path from 'node:path';
import type { ReadContext } from '../../streams';
import { HEAD_BYTES, findFile, patternOf, type FilePlace, type OpenFile } from './file-identity';

/** Finds followed files whose folder has moved, as with its project, so that no wanted path lies in the old folder. */
export class MovedFolders {
  /** The new folders by old folder, for files that were found. */
  readonly #known = new Map<string, string>();

  /** @param paths the wanted paths, as declared */
  constructor(
    private readonly paths: readonly string[],
    private readonly logger: ReadContext['logger'],
  ) {}

  /**
   * The present path of a file or pattern whose folder has moved. The path is sure if another file of the folder was
   * found elsewhere, or if the relative path is declared as before. The path is probable if the folder is gone.
   */
  today(file: string): { readonly path: string; readonly isSure: boolean } | undefined {
    const [folder, today] = [path.dirname(file), this.#candidate(file)];
    if (!today) return undefined;
    const isSure = today.isDeclared || this.#known.get(folder) === today.folder;
    return isSure || !existsSync(folder)
      ? { path: path.join(today.folder, path.basename(file)), isSure }
      : undefined;
  }

  /** Finds the file of a place in the new folder, and in the old folder if only the declaration may have changed. */
  async find(
    saved: FilePlace,
    isTaken: (file: OpenFile) => boolean,
  ): Promise<{ readonly place: FilePlace; readonly found?: OpenFile }> {
    const today = this.#candidate(saved.path);
    const moved = today && { ...saved, path: path.join(today.folder, path.basename(saved.path)) };
    let places = [moved ?? saved];
    if (moved && !today.isDeclared) {
      places = [moved, saved];
      // Small files often begin alike, so a file that has not moved comes first.
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

  /** The wanted folder that could contain the moved file and shares most trailing names with the old folder. */
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
