import { type z } from 'zod';
import { OPERATIONS } from '../../../src/operations';
import type { Operation } from '../../../src/operations/operation';
import { answerJson, fromAnswerJson } from '../../../src/values/answer-json';

const TABLE: readonly Operation[] = OPERATIONS;

/** The description of a field, also where something is wrapped around it. */
function descriptionOf(field: unknown): string | undefined {
  const schema = field as z.ZodType & { readonly unwrap?: () => unknown };
  return schema.description ?? (schema.unwrap ? descriptionOf(schema.unwrap()) : undefined);
}

test('names are unique', () => {
  expect(new Set(TABLE.map(({ name }) => name)).size).toBe(TABLE.length);
});

describe.each(TABLE.map((one) => [one.name, one] as const))('%s', (_, operation) => {
  const ask = operation.ask as z.ZodObject;

  test('says what it does in one line', () => {
    expect(operation.summary).toMatch(/^[a-z].*[^.]$/);
    expect(operation.summary.length).toBeLessThanOrEqual(100);
  });

  test('describes each field that is asked for', () => {
    const silent = Object.entries(ask.shape).filter(([, field]) => descriptionOf(field) === undefined);
    expect(silent.map(([name]) => name)).toEqual([]);
  });

  test('has examples that can be asked', () => {
    const { examples = [] } = operation;
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) expect(ask.safeParse(example).error).toBeUndefined();
  });

  test('may be asked with what was read of an ask: a machine elsewhere reads times in its own zone', () => {
    for (const example of operation.examples ?? []) {
      const read = ask.parse(example);
      expect(ask.parse(fromAnswerJson(JSON.parse(JSON.stringify(answerJson(read)))))).toEqual(read);
    }
  });

  test('gives by place only what it is asked', () => {
    expect(Object.keys(ask.shape)).toEqual(expect.arrayContaining([...(operation.at ?? [])]));
  });

  test('refuses fields that it does not know', () => {
    expect(ask.safeParse({ ...(operation.examples?.[0] as object), unknownField: 1 }).success).toBe(false);
  });
});
