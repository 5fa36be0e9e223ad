import type { EmitterDeclaration } from '../../emitters';
import { projectFolder } from '../../node/project-folder';
import { loadConfig } from '../../user-modules';
import type { LoadedFile } from './load-file';

/** Returns a file's emitters, and those of the project's `selvage.config.ts`. @throws SelvageError as `loadConfig` */
export async function emittersOf(
  loaded: Pick<LoadedFile, 'emitters'> | undefined,
  { projectDir }: { readonly projectDir?: string },
): Promise<EmitterDeclaration[]> {
  const { emitters } = await loadConfig(projectFolder(projectDir));
  return [...(loaded?.emitters ?? []), ...emitters];
}
