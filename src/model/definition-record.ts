import { SelvageError } from '../errors';
import { checkName } from './names';
import { readDefinitionOptions } from './options';
import type { DefinitionRecord, KnotBody } from './records';
import { isStandardSchema } from './standard-schema';

/** Checks the parts of a definition and puts them together; `options` are as a user gave them. */
export function makeDefinition(
  name: unknown,
  options: unknown,
  body: KnotBody,
  source: string,
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
  const { input, output, version, ...rest } = options as Record<string, unknown>;
  for (const [key, schema] of Object.entries({ input, output })) {
    if (schema !== undefined && !isStandardSchema(schema)) {
      throw invalid(
        name,
        `Its ${key} is not a schema`,
        'Give a schema of a library that implements Standard Schema (zod, valibot, arktype, …).',
      );
    }
  }
  if (version !== undefined && (typeof version !== 'string' || version === '')) {
    throw invalid(name, 'Its version is not a text', `Give one such as '2', or leave it out.`);
  }
  return Object.freeze({
    name,
    ...(version !== undefined && { version }),
    ...(input !== undefined && { input: input as DefinitionRecord['input'] }),
    ...(output !== undefined && { output: output as DefinitionRecord['output'] }),
    body,
    source,
    options: readDefinitionOptions(owner, rest),
  });
}

function invalid(definition: string, what: string, remedy: string): SelvageError {
  return new SelvageError(
    'InvalidDefinition',
    `The definition "${definition}" is malformed. ${what}. ${remedy}`,
    {
      details: { definition },
    },
  );
}
