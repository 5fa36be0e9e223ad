import * as path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The absolute path that a URL names: `sqlite:a/b` and `sqlite:/a/b` are paths as they stand; `sqlite:///a/b%20c` is a URL like
 * `file:///a/b%20c`. Undefined if there is none.
 */
export function filePath(rest: string, projectDir: string): string | undefined {
  if (rest === '') return undefined;
  if (!rest.startsWith('//')) return path.resolve(projectDir, rest);
  try {
    return fileURLToPath(`file:${rest}`);
  } catch {
    return undefined;
  }
}
