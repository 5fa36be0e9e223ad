import type { SchemaResult, StandardSchema } from '../model';
import { describeIssues } from '../model';

/** Schemas whose complaints are told. */
const TOLD_SCHEMAS = 3;

/** A knot that waits for a signal, and what its payload must be. */
export interface SignalSchema {
  readonly knot: string;
  readonly schema: StandardSchema;
}

/**
 * Which of the knots that wait for a signal cannot take this payload, or, where none of them can, why.
 *
 * @param waiting at least one
 */
export async function checkPayload(
  name: string,
  waiting: readonly SignalSchema[],
  payload: unknown,
): Promise<{ readonly unfit: readonly string[] } | { readonly refused: string }> {
  const complaints = new Map<StandardSchema, string | undefined>();
  for (const { schema } of waiting) {
    if (!complaints.has(schema)) complaints.set(schema, await complaintOf(schema, payload));
  }
  const unfit = waiting.filter(({ schema }) => complaints.get(schema) !== undefined).map(({ knot }) => knot);
  if (unfit.length < waiting.length) return { unfit };
  const told = [...complaints.values()].slice(0, TOLD_SCHEMAS).join('; or: ');
  const who = unfit.length === 1 ? `knot "${unfit[0]}" waits` : `${unfit.length} knots wait`;
  return {
    refused: `The payload of the signal "${name}", for which ${who}, does not satisfy the schema: ${told}. The wait goes on; send it again.`,
  };
}

/** What a schema says against a payload; undefined: nothing. One that throws refuses, too. */
async function complaintOf(schema: StandardSchema, payload: unknown): Promise<string | undefined> {
  let result: SchemaResult<unknown>;
  try {
    result = await schema['~standard'].validate(payload);
  } catch (error) {
    return `its schema failed on it: ${String(error)}`;
  }
  return result.issues && describeIssues(result.issues);
}
