import { readFileSync } from 'node:fs';
import path from 'node:path';
import { decodeJson, type DecodeOptions, type Json } from '../../values';
import { SelvageError } from '../../errors';
import { accepts, readTime } from '../../runtime/given-times';
import type { ParameterRecord, TapestryRecord } from '../../authoring';

interface ParameterSources {
  /** Each as `name=value`. */
  readonly pairs: readonly string[];
  readonly file?: string | undefined;
  /** Permits references to stored values (tagged form). Default false, as a file may come from somebody else. */
  readonly allowReferences?: boolean | undefined;
}

/**
 * Parameters from the command line, else from the file, unvalidated. The schema decides how a text is read: as
 * JSON, as text or, if it accepts only a Date, as a time.
 *
 * @throws SelvageError `Usage`, `FileNotFound`, `FileNotLoadable`, `NotDecodable` (a reference that is not allowed)
 */
export async function readParameters(
  tapestry: Pick<TapestryRecord, 'parameters'>,
  { pairs, file, allowReferences = false }: ParameterSources,
): Promise<Record<string, unknown>> {
  const values = new Map<string, unknown>();
  for (const [name, value] of file === undefined
    ? []
    : Object.entries(await readParametersFile(file, { allowReferences }))) {
    values.set(name, await readTime(tapestry.parameters.get(name), value));
  }
  const given = new Set<string>();
  for (const pair of pairs) {
    const { name, text } = splitPair(pair);
    if (given.has(name)) {
      throw new SelvageError(
        'Usage',
        `--param ${name} is given twice. Give it once; a list is written as JSON: --param '${name}=[1,2]'.`,
        { details: { parameter: name } },
      );
    }
    given.add(name);
    values.set(name, await readText(tapestry.parameters.get(name), text, { allowReferences }));
  }
  // Assignment would fail for a name such as `__proto__`.
  return Object.fromEntries(values);
}

function splitPair(pair: string): { name: string; text: string } {
  const at = pair.indexOf('=');
  if (at > 0) return { name: pair.slice(0, at), text: pair.slice(at + 1) };
  throw new SelvageError(
    'Usage',
    `--param ${JSON.stringify(pair)} has no name or no value. Write --param name=value.`,
    { details: { pair } },
  );
}

async function readText(
  parameter: ParameterRecord | undefined,
  text: string,
  options: DecodeOptions,
): Promise<unknown> {
  const asJson = parseJson(text, options);
  if (!parameter) return asJson ? asJson.value : text;
  if (asJson && (await accepts(parameter, asJson.value))) return asJson.value;
  if (await accepts(parameter, text)) return text;
  // If a text is unacceptable both as JSON and as text, the error concerns the likelier form.
  return await readTime(parameter, asJson ? asJson.value : text);
}

function parseJson(text: string, options: DecodeOptions): { value: unknown } | undefined {
  try {
    return { value: decodeJson(JSON.parse(text) as Json, options) };
  } catch (error) {
    if (SelvageError.is(error) && error.details['reference']) throw error;
    return undefined;
  }
}

async function readParametersFile(file: string, options: DecodeOptions): Promise<object> {
  const absolute = path.resolve(file);
  const details = { file: absolute };
  const value = await parseFile(absolute, readTextFile(absolute), options);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new SelvageError(
    'FileNotLoadable',
    `The parameters in ${absolute} must be an object, such as {"x": 5}, and are ${Array.isArray(value) ? 'a list' : typeof value}.`,
    { details },
  );
}

function readTextFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw code === 'ENOENT'
      ? new SelvageError(
          'FileNotFound',
          `There is no file ${file} with parameters. Check the path of --params-file.`,
          { details: { file }, cause: error },
        )
      : new SelvageError('FileNotLoadable', `The file ${file} with parameters cannot be read (${code}).`, {
          details: { file },
          cause: error,
        });
  }
}

async function parseFile(file: string, text: string, options: DecodeOptions): Promise<unknown> {
  try {
    const isYaml = ['.yaml', '.yml'].includes(path.extname(file));
    const json: unknown = isYaml ? (await import('yaml')).parse(text) : JSON.parse(text);
    return decodeJson(json as Json, options);
  } catch (error) {
    if (SelvageError.is(error) && error.details['reference']) throw error;
    const [firstLine] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new SelvageError(
      'FileNotLoadable',
      `The file ${file} with parameters cannot be understood: ${firstLine}`,
      { details: { file }, cause: error },
    );
  }
}
