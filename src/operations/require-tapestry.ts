import { SelvageError } from '../errors';
import type { AnyTapestry } from '../authoring';
import type { ProjectData } from './surroundings';

/** @throws SelvageError `UnknownTapestry` */
export function requireTapestry({ tapestries }: ProjectData, name: string): AnyTapestry {
  const found = tapestries.find((tapestry) => tapestry.name === name);
  if (found) return found;
  throw new SelvageError(
    'UnknownTapestry',
    `No tapestry "${name}" was given. Start again with the file that exports it: selvage ui FILE, or selvage mcp FILE.`,
    { details: { tapestry: name, tapestries: tapestries.map((tapestry) => tapestry.name) } },
  );
}
