import type { Command } from 'commander';
import { recordOf, type AnyTapestry, type TapestryRecord } from '../../authoring';
import { SelvageError } from '../../errors';
import { encodeJson } from '../../values';
import { apiOf, collect, type ServerOptions } from '../options/server-options';

interface FileOptions extends ServerOptions {
  readonly param?: readonly string[];
  readonly paramsFile?: string;
}

export function addFile(command: Command): void {
  command
    .argument('[file]', 'file that exports the tapestry; none with --api: the page has its own')
    .option(
      '--param <name=value>',
      'what runs would be given, to be compared with what they were given; may be repeated',
      collect,
    )
    .option('--params-file <file>', 'the same as an object in a JSON or YAML file; --param goes before it');
}

/**
 * Adds the tapestry and its parameters to the ask.
 *
 * @throws SelvageError `Usage`, and as `loadFile` and `readParameters`
 */
export async function askOfFile(
  file: string | undefined,
  ask: { readonly tapestry?: string },
  { param = [], paramsFile, ...options }: FileOptions,
): Promise<{ readonly ask: object; readonly tapestries: readonly AnyTapestry[] }> {
  const { chooseTapestry, loadFile } = await import('../files/load-file.js');
  const { readParameters } = await import('../files/parameters.js');
  const isElsewhere = apiOf(options) !== undefined;
  if (isElsewhere !== (file === undefined)) {
    throw new SelvageError(
      'Usage',
      isElsewhere
        ? `The page elsewhere has tapestries of its own: leave ${file} out, and name one of them by --tapestry.`
        : 'Give the file that exports the tapestry.',
    );
  }
  const tapestry = file === undefined ? undefined : chooseTapestry(await loadFile(file), ask.tapestry);
  const { name, parameters: known }: Pick<TapestryRecord, 'name' | 'parameters'> = tapestry
    ? recordOf(tapestry)
    : { name: ask.tapestry!, parameters: new Map() };
  const parameters = await readParameters({ parameters: known }, { pairs: param, file: paramsFile });
  const isGiven = Object.keys(parameters).length > 0;
  return {
    ask: { ...ask, tapestry: name, ...(isGiven && { parameters: encodeJson(parameters) }) },
    tapestries: tapestry ? [tapestry] : [],
  };
}
