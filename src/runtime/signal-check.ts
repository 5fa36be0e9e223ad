import { type SchemaResult, type StandardSchema, describeIssues } from '../authoring';
import { oneLineOf } from './exception-record';

const TOLD_SCHEMAS = 3;

export interface SignalSchema {
  readonly knot: string;
  readonly schema: StandardSchema;
}

/** Returns the waiting knots that cannot take this payload or, if none can, the reason. `waiting` is not empty. */
export async function checkPayload(
  name: string,
  waiting: readonly SignalSchema[],
  payload: unknown,
): Promise<{ readonly unfit: readonly string[] } | { readonly refused: string }> {
  const complaints = new Map<StandardSchema, string | undefined>();
  for (const { schema } of waiting) {
    if (complaints.has(schema)) continue;
    const complaint = complaintOf(schema, payload);
    // A tapestry may have thousands of schemas, and most answer synchronously.
    complaints.set(schema, complaint instanceof Promise ? await complaint : complaint);
  }
  const unfit = waiting.filter(({ schema }) => complaints.get(schema) !== undefined).map(({ knot }) => knot);
  if (unfit.length < waiting.length) return { unfit };
  const told = [...complaints.values()].slice(0, TOLD_SCHEMAS).join('; or: ');
  const who = unfit.length === 1 ? `knot "${unfit[0]}" waits` : `${unfit.length} knots wait`;
  return {
    refused: `The payload of the signal "${name}", for which ${who}, does not satisfy the schema: ${told}. The wait goes on; send it again.`,
  };
}

/** The schema's complaint; undefined if it accepts. A schema that throws counts as a refusal. */
function complaintOf(
  schema: StandardSchema,
  payload: unknown,
): string | undefined | Promise<string | undefined> {
  try {
    const result = schema['~standard'].validate(payload);
    return 'then' in result ? Promise.resolve(result).then(saidBy, failedBy) : saidBy(result);
  } catch (error) {
    return failedBy(error);
  }
}

function saidBy({ issues }: SchemaResult<unknown>): string | undefined {
  return issues && describeIssues(issues);
}

function failedBy(error: unknown): string {
  return `its schema failed on it: ${oneLineOf(error)}`;
}
