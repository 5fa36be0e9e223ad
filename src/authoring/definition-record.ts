import { SelvageError, type ErrorReason } from '../errors';
import { requireCallable } from './body-host';
import { requireCacheable } from './cacheable';
import { checkName } from './names';
import { shown } from './checks';
import { readDefinitionOptions } from './options';
import type { DefinitionRecord, KnotBody } from './records';
import { isStandardSchema } from './standard-schema';
import { textProblem } from './texts';

const LONGEST_VERSION = 200;

/** Checks the parts of a definition and puts them together. @param options as the user gave them */
export function makeDefinition(
  name: unknown,
  options: unknown,
  body: KnotBody,
  { code, source, host }: Pick<DefinitionRecord, 'code' | 'source' | 'host'>,
): DefinitionRecord {
  checkName('definition', name);
  const owner = `the definition "${name}"`;
  if (typeof options !== 'object' || options === null) {
    throw invalid(
      name,
      `Its options are ${String(options)}`,
      'Give an object, such as { input: z.object({ … }) }.',
    );
  }
  const { input, output, version, receives = 'values', ...rest } = options as Record<string, unknown>;
  for (const [key, schema] of Object.entries({ input, output })) {
    if (schema !== undefined && !isStandardSchema(schema)) {
      throw invalid(
        name,
        `Its ${key} is not a schema`,
        'Give a schema of a library that implements Standard Schema (zod, valibot, arktype, …).',
        'NotASchema',
      );
    }
  }
  const versionProblem = version === undefined ? undefined : textProblem(version, LONGEST_VERSION);
  if (versionProblem)
    throw invalid(
      name,
      `Its version, ${shown(version)}, ${versionProblem[1]}`,
      `Give one such as '2', or leave it out.`,
    );
  if (receives !== 'values' && receives !== 'outcomes') {
    throw invalid(name, `It receives ${shown(receives)}`, `A definition receives 'values' or 'outcomes'.`);
  }
  if (receives === 'outcomes' && input !== undefined) {
    throw invalid(
      name,
      'It receives outcomes and has an input schema',
      'Leave the schema out: what a parent yields is checked by the output schema of its own definition.',
    );
  }
  const knotOptions = readDefinitionOptions(owner, rest);
  if (receives === 'values' && knotOptions.errorPolicy === 'receiveErrors') {
    throw receivesValues(owner, { name });
  }
  const record: DefinitionRecord = Object.freeze({
    name,
    ...(version !== undefined && { version: version as string }),
    ...(input !== undefined && { input: input as DefinitionRecord['input'] }),
    ...(output !== undefined && { output: output as DefinitionRecord['output'] }),
    receives,
    body,
    ...(host && { host }),
    code,
    ...(source !== undefined && { source }),
    options:
      receives === 'outcomes' && knotOptions.errorPolicy === undefined
        ? Object.freeze({ ...knotOptions, errorPolicy: 'receiveErrors' as const })
        : knotOptions,
  });
  requireCacheable(owner, record, knotOptions);
  requireCallable(owner, record, knotOptions);
  return record;
}

export function receivesValues(
  owner: string,
  { name: definition, inline }: Pick<DefinitionRecord, 'name' | 'inline'>,
): SelvageError {
  const remedy = inline
    ? 'Only an aggregate, or a reduce with "combine", can receive them: { …, receives: \'outcomes\' }, beside its function. Remove it from any other node.'
    : `Say so in the definition, as knot('${definition}', { receives: 'outcomes' }, …), whose inputs are then outcomes.`;
  return new SelvageError(
    'InvalidConfig',
    `The option "errorPolicy" of ${owner} cannot be used: it is "receiveErrors", and the definition "${definition}" takes values. ${remedy}`,
    { details: { owner, option: 'errorPolicy', definition, reason: 'NeedsOutcomes' } },
  );
}

function invalid(
  definition: string,
  what: string,
  remedy: string,
  reason: ErrorReason<'InvalidDefinition'> = 'WrongValue',
): SelvageError {
  return new SelvageError(
    'InvalidDefinition',
    `The definition "${definition}" is malformed. ${what}. ${remedy}`,
    { details: { definition, reason } },
  );
}
