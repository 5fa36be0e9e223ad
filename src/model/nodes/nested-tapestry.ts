import { SelvageError } from '../../errors';
import { tapestryRecord } from '../marks';
import { didYouMean } from '../names';
import type { InputRecord, TapestryRecord } from '../records';
import { complaintOf } from '../standard-schema';
import { invalidNode } from './inline-definition';

/** Begins the names of inputs that are none of the parameters. No parameter has such a name. */
const OWN_INPUT = 'selvage.';

/** The input of a loop that says how often it runs its step at most. */
export const MAX_INPUT = `${OWN_INPUT}max`;

/** The tapestry that a node runs. */
export function nestedTapestry(node: string, role: string, given: unknown, config: unknown): TapestryRecord {
  const record = tapestryRecord(given);
  if (record) return record;
  throw invalidNode(
    node,
    config,
    'MissingPart',
    `has no tapestry as its "${role}"`,
    `Give what tapestry() answered: ${node}({ ${role}: payment, … }, …).`,
  );
}

/**
 * Throws what can be said of the inputs of a knot that runs another tapestry before anything runs: `UnknownInput` and `MissingInput` by the
 * parameters of that tapestry, `InvalidInput` of constants that their schemas refuse. What knots yield is checked when the child run starts.
 */
export function checkNestedInputs(
  node: string,
  tapestry: TapestryRecord,
  knot: string,
  inputs: ReadonlyMap<string, InputRecord>,
): void {
  const where = `the ${node} "${knot}"`;
  const details = { knot, tapestry: tapestry.name };
  for (const name of inputs.keys()) {
    if (tapestry.parameters.has(name) || name.startsWith(OWN_INPUT)) continue;
    const known = [...tapestry.parameters.keys()].join(', ');
    throw new SelvageError(
      'UnknownInput',
      `The input "${name}" was given to ${where}, and the tapestry "${tapestry.name}" has no such parameter${didYouMean(name, tapestry.parameters.keys())}: it has ${known || 'none'}. ` +
        'Correct or remove it.',
      { details: { ...details, input: name } },
    );
  }
  for (const parameter of tapestry.parameters.values()) {
    const input = inputs.get(parameter.name);
    if (input === undefined) {
      if (parameter.hasDefault || complaintOf(parameter.schema, undefined) === undefined) continue;
      throw new SelvageError(
        'MissingInput',
        `The input "${parameter.name}" of ${where} is missing: the tapestry "${tapestry.name}" has it as a parameter without a default. Give a ` +
          'knot or a value for it.',
        { details: { ...details, input: parameter.name } },
      );
    }
    const complaint = input.kind === 'constant' ? complaintOf(parameter.schema, input.value) : undefined;
    if (complaint === undefined) continue;
    throw new SelvageError(
      'InvalidInput',
      `The input "${parameter.name}" of ${where} does not satisfy the schema of that parameter of the tapestry "${tapestry.name}": ${complaint}.`,
      { details: { ...details, input: parameter.name } },
    );
  }
}
