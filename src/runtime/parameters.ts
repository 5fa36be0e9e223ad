import { SelvageError, type ParameterProblem } from '../errors';
import { isObject } from '../values';
import { didYouMean, PARAMETER_PREFIX } from '../authoring/names';
import type { ParameterRecord, TapestryRecord } from '../authoring/records';
import { oneLineOf } from './exception-record';
import { describeIssues, pathOf, type SchemaResult } from '../authoring/standard-schema';

/**
 * The parameters of a run, with defaults, each as its schema returns it.
 *
 * @param wanted ids of the run's knots, if it has only some of the tapestry's; other parameters may be missing
 * @throws SelvageError `InvalidParameters`, with all problems as data in `details.problems`
 */
export async function validateParameters(
  tapestry: TapestryRecord,
  given: unknown,
  wanted?: readonly string[],
): Promise<Map<string, unknown>> {
  if (!isObject(given)) {
    const what = Array.isArray(given) ? 'a list' : given === null ? 'null' : typeof given;
    const message = `the parameters must be an object such as {"name": value}, not ${what}`;
    throw refused(tapestry, [message], [{ path: '', code: 'NotAnObject', message }]);
  }
  const complaints: string[] = [];
  const problems: ParameterProblem[] = [];
  const complain = (path: string, code: ParameterProblem['code'], message: string): void => {
    complaints.push(message);
    problems.push({ path, code, message });
  };
  for (const name of Object.keys(given)) {
    if (tapestry.parameters.has(name)) continue;
    const message = `unknown parameter "${name}"${didYouMean(name, tapestry.parameters.keys())}`;
    complain(name, 'UnknownParameter', message);
  }
  const inRun = wanted && new Set(wanted);
  const accepted = new Map<string, unknown>();
  for (const parameter of tapestry.parameters.values()) {
    const isGiven = Object.hasOwn(given, parameter.name) && given[parameter.name] !== undefined;
    if (!isGiven && parameter.hasDefault) {
      accepted.set(parameter.name, parameter.default);
      continue;
    }
    if (!isGiven && inRun?.has(PARAMETER_PREFIX + parameter.name) === false) continue;
    const result = await validated(parameter, isGiven ? given[parameter.name] : undefined);
    const { name } = parameter;
    if (!result.issues) accepted.set(name, result.value);
    else if (!isGiven) complain(name, 'MissingParameter', `missing parameter "${name}"`);
    else {
      complaints.push(`parameter "${name}": ${describeIssues(result.issues)}`);
      for (const issue of result.issues) {
        const part = pathOf(issue);
        const path = part === '' ? name : `${name}.${part}`;
        problems.push({ path, code: 'WrongValue', message: issue.message });
      }
    }
  }
  if (problems.length > 0) throw refused(tapestry, complaints, problems);
  return accepted;
}

/** A schema that throws counts as a refusal. */
async function validated(parameter: ParameterRecord, value: unknown): Promise<SchemaResult<unknown>> {
  try {
    return await parameter.schema['~standard'].validate(value);
  } catch (error) {
    return { issues: [{ message: `its schema failed on it: ${oneLineOf(error)}` }] };
  }
}

function refused(
  tapestry: TapestryRecord,
  complaints: readonly string[],
  problems: readonly ParameterProblem[],
): SelvageError {
  const known = [...tapestry.parameters.values()].map(({ name, hasDefault }) =>
    hasDefault ? `${name} (optional)` : name,
  );
  return new SelvageError(
    'InvalidParameters',
    `Tapestry "${tapestry.name}" cannot start: ${complaints.join('; ')}. Its parameters are: ${known.join(', ') || 'none'}.`,
    { details: { tapestry: tapestry.name, problems } },
  );
}
