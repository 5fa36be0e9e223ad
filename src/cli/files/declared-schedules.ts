import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { SelvageError } from '../../errors';
import { isSchedule, type ScheduleDeclaration } from '../../triggers';
import { loadFile } from './load-file';

interface Declared {
  readonly declared: readonly ScheduleDeclaration[];
  readonly owner: string;
}

/**
 * @param owner default: the package and path of the file
 * @throws SelvageError `FileWithoutTrigger` if there must be a schedule
 */
export async function declaredIn(
  file: string,
  owner: string | undefined,
  mayBeNone: boolean,
): Promise<Declared> {
  const loaded = await loadFile(file);
  const declared = loaded.triggers.filter(isSchedule);
  if (declared.length === 0 && !mayBeNone) {
    throw new SelvageError(
      'FileWithoutTrigger',
      `${file} exports no schedule. Export it: \`export const nightly = schedule(pipeline, { id: 'nightly', cron: '0 2 * * *' })\`. To delete those that it had, add --prune.`,
      { details: { file: loaded.path } },
    );
  }
  return { declared, owner: owner ?? ownerOfFile(loaded.path) };
}

/** A file's package and the path within it, equal on every machine; else the names of folder and file. */
function ownerOfFile(file: string): string {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const name = packageName(path.join(folder, 'package.json'));
    if (name !== undefined) return `${name}:${within(folder, file)}`;
    if (path.dirname(folder) === folder) break;
  }
  return within(path.dirname(path.dirname(file)), file);
}

function within(folder: string, file: string): string {
  return path.relative(folder, file).split(path.sep).join('/');
}

function packageName(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const { name } = JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown };
    return typeof name === 'string' && name !== '' ? name : undefined;
  } catch {
    // A `package.json` that cannot be read is reported elsewhere.
    return undefined;
  }
}
