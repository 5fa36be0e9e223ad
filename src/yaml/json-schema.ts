import { zod } from '../node/json-schema-of';
import { shapes } from './shapes';

/** The JSON Schema of documents, for editors: the loader accepts the form of all documents that satisfy it. */
export function pipelineJsonSchema(): Readonly<Record<string, unknown>> {
  const { z } = zod();
  const { $schema, ...schema } = z.toJSONSchema(shapes().whole as never, {
    io: 'input',
    unrepresentable: 'any',
    reused: 'ref',
  });
  return {
    $schema,
    title: 'Selvage pipeline',
    description: 'A document that says which nodes a pipeline has and how they are wired',
    ...schema,
  };
}
