import { readFileSync } from 'node:fs';
import path from 'node:path';
import { decodeJson, type Json } from '../canonical';
import { SelvageError } from '../errors';
import type { ParameterRecord, TapestryRecord } from '../model';
import { late } from './late-imports';

/** Where the command line has the parameters of a run. */
export interface ParameterSources {
  /** `name=value`, each. */
  readonly pairs: readonly string[];
  /** A JSON or YAML file with an object. */
  readonly file?: string | undefined;
}

/**
 * The parameters that were given; one on the command line goes before the same in the file. They are not validated here, but
 * the schema decides how the text of one is read: as JSON where the schema takes that, else as it stands or, where it takes a Date and no text, as
 * the time that it says. So is a text of the file.
 *
 * @throws SelvageError `Usage`, `FileNotFound`, `FileNotLoadable`
 */
export async function readParameters(
  tapestry: TapestryRecord,
  { pairs, file }: ParameterSources,
): Promise<Record<string, unknown>> {
  const values = new Map<string, unknown>();
  for (const [name, value] of file === undefined ? [] : Object.entries(readParametersFile(file))) {
    values.set(name, await readTime(tapestry.parameters.get(name), value));
  }
  const given = new Set<string>();
  for (const pair of pairs) {
    const { name, text } = splitPair(pair);
    if (given.has(name)) {
      throw new SelvageError(
        'Usage',
        `--param ${name} is given twice. Give it once; a list is written as JSON: --param '${name}=[1,2]'.`,
        {
          details: { parameter: name },
        },
      );
    }
    given.add(name);
    values.set(name, await readText(tapestry.parameters.get(name), text));
  }
  // Not by assignment, which a name such as `__proto__` would turn into something else.
  return Object.fromEntries(values);
}

function splitPair(pair: string): { name: string; text: string } {
  const at = pair.indexOf('=');
  if (at > 0) return { name: pair.slice(0, at), text: pair.slice(at + 1) };
  throw new SelvageError(
    'Usage',
    `--param ${JSON.stringify(pair)} has no name or no value. Write --param name=value.`,
    {
      details: { pair },
    },
  );
}

async function readText(parameter: ParameterRecord | undefined, text: string): Promise<unknown> {
  const asJson = parseJson(text);
  if (!parameter) return asJson ? asJson.value : text;
  if (asJson && (await accepts(parameter, asJson.value))) return asJson.value;
  if (await accepts(parameter, text)) return text;
  // Where none will do, the refusal speaks of what the user most likely meant.
  return await readTime(parameter, asJson ? asJson.value : text);
}

/** A text that the schema does not take, and that says a point in time, as the Date that it takes; all else as it is. */
async function readTime(parameter: ParameterRecord | undefined, given: unknown): Promise<unknown> {
  const time = typeof given === 'string' ? timeIn(given) : undefined;
  if (!parameter || !time || (await accepts(parameter, given))) return given;
  return (await accepts(parameter, time)) ? time : given;
}

const ISO_TIME = /^(\d{4})-(\d{2})-(\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** Matches an ISO 8601 date (midnight UTC), or date and time with a zone. Without a zone it would be another time on another machine. */
function timeIn(text: string): Date | undefined {
  const [, year, month, day] = ISO_TIME.exec(text) ?? [];
  const time = new Date(text);
  if (year === undefined || Number.isNaN(time.getTime())) return undefined;
  // JavaScript takes the 30th of February for the 2nd of March.
  const isDay = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day);
  return isDay ? time : undefined;
}

async function accepts(parameter: ParameterRecord, value: unknown): Promise<boolean> {
  try {
    return (await parameter.schema['~standard'].validate(value)).issues === undefined;
  } catch {
    // A schema that fails on a value does not take it; the validation of the run reports how.
    return false;
  }
}

function parseJson(text: string): { value: unknown } | undefined {
  try {
    return { value: decodeJson(JSON.parse(text) as Json) };
  } catch {
    return undefined;
  }
}

function readParametersFile(file: string): object {
  const absolute = path.resolve(file);
  const details = { file: absolute };
  const value = parseFile(absolute, readTextFile(absolute));
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
          {
            details: { file },
            cause: error,
          },
        )
      : new SelvageError('FileNotLoadable', `The file ${file} with parameters cannot be read (${code}).`, {
          details: { file },
          cause: error,
        });
  }
}

function parseFile(file: string, text: string): unknown {
  try {
    return decodeJson((isYaml(file) ? parseYaml(text) : JSON.parse(text)) as Json);
  } catch (error) {
    const [firstLine] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new SelvageError(
      'FileNotLoadable',
      `The file ${file} with parameters cannot be understood: ${firstLine}`,
      {
        details: { file },
        cause: error,
      },
    );
  }
}

function isYaml(file: string): boolean {
  return ['.yaml', '.yml'].includes(path.extname(file));
}

function parseYaml(text: string): unknown {
  const { parse } = late.yaml();
  return parse(text);
}
