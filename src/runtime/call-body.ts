import type { PlanPolicy } from '../plan';
import { SelvageError } from '../errors';
import type { DefinitionRecord } from '../authoring/records';
import type { KnotContext } from '../authoring/knot-context';
import { describeIssues, pathOf, type StandardSchema } from '../authoring/standard-schema';
import { watched } from './body-watch';
import { tablesIn } from '../tables/table';
import { openTables, storeTables } from './encoded-table';
import { readableThrow } from './exception-record';

const NO_SCHEMAS: Pick<DefinitionRecord, 'input' | 'output'> = {};

export type CallElsewhere = (inputs: Record<string, unknown>) => Promise<unknown>;

/**
 * Validates inputs, calls the body and validates its result, unless the knot disables validation.
 *
 * @param elsewhere calls the body in another thread or process. Default: calls the body here
 * @throws SelvageError `InvalidInput` or `InvalidOutput`, naming knot, path and complaint; errors of the body
 */
export function callBody(
  definition: DefinitionRecord,
  policy: PlanPolicy,
  inputs: Record<string, unknown>,
  context: KnotContext,
  elsewhere?: CallElsewhere,
): Promise<unknown> {
  // A profiler of this process learns nothing from a body in another one.
  if (elsewhere) return callValidated(definition, policy, inputs, context, elsewhere);
  return watched(context, () => callValidated(definition, policy, inputs, context));
}

async function callValidated(
  definition: DefinitionRecord,
  { validate }: PlanPolicy,
  inputs: Record<string, unknown>,
  context: KnotContext,
  elsewhere?: CallElsewhere,
): Promise<unknown> {
  const { input, output } = validate === false ? NO_SCHEMAS : definition;
  try {
    // To wait for nothing would let a body begin after another one has cancelled the run.
    if (tablesIn(inputs).length > 0) await openTables(inputs, context);
    const given = input ? await validated(input, inputs, 'InvalidInput', definition, context) : inputs;
    const result = elsewhere
      ? await elsewhere(given as Record<string, unknown>)
      : await definition.body(given, context);
    const value = isBlob(result) ? await valueOfResult(result) : result;
    // A schema may read the tables that come from elsewhere.
    if (elsewhere) await openTables(value, context);
    const valid = output ? await validated(output, value, 'InvalidOutput', definition, context) : value;
    if (tablesIn(valid).length > 0) await storeTables(valid, context);
    return valid;
  } catch (error) {
    throw readableThrow(error);
  }
}

async function validated(
  schema: StandardSchema,
  value: unknown,
  code: 'InvalidInput' | 'InvalidOutput',
  definition: DefinitionRecord,
  context: KnotContext,
): Promise<unknown> {
  let result = schema['~standard'].validate(value);
  if (result instanceof Promise) result = await result;
  if (!result.issues) return result.value;
  const issues = result.issues.map((issue) => ({ path: pathOf(issue), message: issue.message }));
  const what = code === 'InvalidInput' ? 'inputs' : 'result';
  throw new SelvageError(
    code,
    `The ${what} of knot "${context.knotId}" (${definition.name}) do${what === 'result' ? 'es' : ''} not satisfy the ` +
      `${code === 'InvalidInput' ? 'input' : 'output'} schema: ${describeIssues(result.issues)}.`,
    { details: { knot: context.knotId, definition: definition.name, issues } },
  );
}

export async function valueOfResult(result: unknown): Promise<unknown> {
  return isBlob(result) ? new Uint8Array(await result.arrayBuffer()) : result;
}

function isBlob(value: unknown): value is Blob {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['[object Blob]', '[object File]'].includes(Object.prototype.toString.call(value))
  );
}
