import { SelvageError } from '../errors';
import type { AnyTapestry } from '../authoring';
import type { ExplorerData } from './data';

/** @throws SelvageError `UnknownTapestry` */
export function requireTapestry({ tapestries }: ExplorerData, name: string): AnyTapestry {
  const found = tapestries.find((tapestry) => tapestry.name === name);
  if (found) return found;
  throw new SelvageError(
    'UnknownTapestry',
    `This page was not given the tapestry "${name}". Start it with the file that exports it: selvage ui FILE.`,
    { details: { tapestry: name, tapestries: tapestries.map((tapestry) => tapestry.name) } },
  );
}
