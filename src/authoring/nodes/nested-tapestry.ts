import { SelvageError } from '../../errors';
import type { Knot } from '../knot';
import { tapestryRecord } from '../marks';
import { didYouMean } from '../names';
import { place } from '../place';
import type { DefinitionRecord, InputRecord, TapestryRecord } from '../records';
import { complaintOf } from '../standard-schema';
import type { PlacedNode } from './placed-node';

/** Prefix of inputs that are not parameters: no parameter's name begins so. */
const OWN_INPUT = 'selvage.';

export const MAX_INPUT = `${OWN_INPUT}max`;

export function nestedTapestry(node: PlacedNode, role: string, given: unknown): TapestryRecord {
  const record = tapestryRecord(given);
  if (record) return record;
  throw node.refusal(
    'MissingPart',
    `has no tapestry as its "${role}"`,
    `Give what tapestry() answered: ${node.kind}({ ${role}: payment, … }, …).`,
  );
}

/** Places a knot that runs a tapestry. */
export function placeNested(
  definition: DefinitionRecord,
  tapestry: TapestryRecord,
  inputs: unknown,
  config: unknown,
): Knot<any> {
  return place(definition, inputs, config, {
    tapestry,
    check: (knot, given) => checkNestedInputs(definition.node!, tapestry, knot, given),
  });
}

/**
 * Throws `UnknownInput` and `MissingInput` by the nested tapestry's parameters, and `InvalidInput` for constants
 * that their schemas refuse. Values of knots are checked when the child run starts.
 */
function checkNestedInputs(
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
