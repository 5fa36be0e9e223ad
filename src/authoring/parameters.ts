import { SelvageError } from '../errors';
import type { Knot } from './knot';
import { PARAMETER_PREFIX, checkName } from './names';
import { addKnot, checkOpen, handleOf } from './place';
import type { KnotRecord, ParameterRecord, TapestryRecord } from './records';
import {
  describeIssues,
  isStandardSchema,
  validateNow,
  type SchemaResult,
  type StandardSchema,
} from './standard-schema';

export function addParameter(
  tapestry: TapestryRecord,
  name: unknown,
  schema: unknown,
  options: unknown,
): Knot<any> {
  checkName('parameter', name);
  checkOpen(tapestry, `the parameter "${name}" cannot be added`);
  const owner = `The parameter "${name}" of the tapestry "${tapestry.name}"`;
  const details = { tapestry: tapestry.name, parameter: name };
  if (tapestry.parameters.has(name)) {
    throw new SelvageError(
      'DuplicateParameter',
      `${owner} is declared twice. Declare it once and use its knot twice.`,
      {
        details,
      },
    );
  }
  if (!isStandardSchema(schema)) {
    throw new SelvageError(
      'InvalidConfig',
      `${owner} has no schema. Give one of a library that implements Standard Schema, such as z.number().`,
      { details: { ...details, reason: 'MissingPart' } },
    );
  }
  const fallback = readDefault(owner, details, schema, options);
  const knot: KnotRecord = Object.freeze({
    id: `${PARAMETER_PREFIX}${name}`,
    tapestry,
    inputs: new Map(),
    options: Object.freeze({}),
  });
  const record: ParameterRecord = Object.freeze({
    name,
    knot,
    schema,
    hasDefault: fallback !== undefined,
    ...fallback,
  });
  addKnot(knot);
  tapestry.parameters.set(name, record);
  return handleOf(knot);
}

function readDefault(
  owner: string,
  details: Record<string, unknown>,
  schema: StandardSchema,
  options: unknown,
): { default: unknown } | undefined {
  if (typeof options !== 'object' || options === null) {
    throw new SelvageError(
      'InvalidConfig',
      `${owner} has options that are no object. Give { default: … } or nothing.`,
      { details: { ...details, reason: 'WrongValue' } },
    );
  }
  for (const key of Object.keys(options)) {
    if (key === 'default') continue;
    throw new SelvageError(
      'InvalidConfig',
      `${owner} has the option "${key}", which does not exist. There is only "default".`,
      { details: { ...details, option: key, reason: 'UnknownOption' } },
    );
  }
  const { default: value } = options as { default?: unknown };
  if (value === undefined) return undefined;
  let result: SchemaResult<unknown> | undefined;
  try {
    result = validateNow(schema, value);
  } catch (cause) {
    throw new SelvageError(
      'InvalidDefault',
      `${owner} has a schema that failed on the default: ${String(cause)}.`,
      {
        details,
        cause,
      },
    );
  }
  if (result === undefined) {
    throw new SelvageError(
      'InvalidDefault',
      `${owner} has a default, but its schema validates asynchronously. Leave out the default, or use a synchronous schema.`,
      { details },
    );
  }
  if (result.issues !== undefined) {
    throw new SelvageError(
      'InvalidDefault',
      `${owner} has a default that its own schema refuses: ${describeIssues(result.issues)}. Correct one of the two.`,
      { details },
    );
  }
  return { default: result.value };
}

/** Parameters that are neither a knot's input nor a terminal, in the order declared. */
export function unusedParameters({ parameters, knots, terminals }: TapestryRecord): string[] {
  const used = new Set(terminals?.values());
  for (const { inputs } of knots.values()) {
    for (const input of inputs.values()) if (input.kind === 'parent') used.add(input.knot);
  }
  return [...parameters.values()].filter(({ knot }) => !used.has(knot)).map(({ name }) => name);
}

export function unusedParameter(tapestry: string, parameter: string): string {
  return (
    `The parameter "${parameter}" of ${tapestry} is used by no knot. Wire it as an input, or remove it. In a condition of the build function, a knot has ` +
    'no value yet: choose with `branch` or `gate`.'
  );
}
