import { z } from 'zod';
import type { StandardSchema } from '../../../src/authoring/standard-schema';
import { jsonSchemaOf } from '../../../src/node/json-schema-of';
import { schemaToJson } from '../../../src/operations/schema-to-json';

/** A schema of a library other than zod. */
function foreign(more: object): StandardSchema {
  return {
    '~standard': { version: 1, vendor: 'other', validate: (value: unknown) => ({ value }), ...more },
  };
}

const countOf = (target: string): object => ({ $schema: target, type: 'integer', minimum: 1 });

test('a schema of zod is described as accepted or as returned', () => {
  const schema = z.string().transform(Number).pipe(z.number());
  expect(jsonSchemaOf(schema, 'input')).toEqual({ type: 'string' });
  expect(jsonSchemaOf(schema, 'output')).toEqual({ type: 'number' });
});

test('parts that JSON Schema cannot express throw, unless anything is to stand for them', () => {
  const schema = z.object({ at: z.date() });
  expect(() => jsonSchemaOf(schema, 'input')).toThrow('Date');
  expect(jsonSchemaOf(schema, 'input', { unrepresentable: 'any' })).toMatchObject({ properties: { at: {} } });
});

test('another library describes its schemas itself', () => {
  const schema = foreign({
    jsonSchema: {
      input: ({ target }: { target: string }) => countOf(target),
      output: () => ({ type: 'string' }),
    },
  });
  expect(jsonSchemaOf(schema, 'input')).toEqual({ type: 'integer', minimum: 1 });
  expect(jsonSchemaOf(schema, 'output')).toEqual({ type: 'string' });
  expect(jsonSchemaOf(foreign({}), 'input')).toBeUndefined();
});

test('a form has fields by the schema of any library that describes it, and one for JSON otherwise', () => {
  const described = foreign({ jsonSchema: { input: () => countOf('any') } });
  expect(schemaToJson(described)).toEqual({ type: 'integer', minimum: 1 });
  expect(schemaToJson(z.object({ at: z.date() }))).toMatchObject({
    properties: { at: { type: 'string', format: 'date-time' } },
  });
  const broken = (): never => {
    throw new Error('not as JSON Schema');
  };
  for (const schema of [undefined, foreign({}), foreign({ jsonSchema: { input: broken } })])
    expect(schemaToJson(schema)).toEqual({});
});
