import { z } from 'zod';

/** Reads an ask that was given as texts. A text that does not fit its field stays a text, which the schema refuses. */
export function fromTexts(schema: z.ZodObject, given: ReadonlyMap<string, readonly string[]>): object {
  const shape: Readonly<Record<string, z.ZodType>> = schema.shape;
  return Object.fromEntries(
    [...given].map(([name, texts]) => {
      const field = Object.hasOwn(shape, name) ? innerOf(shape[name]!) : undefined;
      if (field instanceof z.ZodArray)
        return [name, texts.map((text) => fromText(innerOf(field.element), text))];
      return [name, texts.length > 1 ? texts : numberIfOnlyThatFits(field, fromText(field, texts[0]!))];
    }),
  );
}

/** A field of a time or duration takes numbers, too, which a URL gives as digits. */
function numberIfOnlyThatFits(field: z.ZodType | undefined, value: unknown): unknown {
  if (!(field instanceof z.ZodPipe) || typeof value !== 'string' || !/^\d+$/.test(value)) return value;
  const number = Number(value);
  return !field.safeParse(value).success && field.safeParse(number).success ? number : value;
}

/** The schema without optional, default, nullable and readonly wrappers. */
export function innerOf(schema: unknown): z.ZodType {
  return schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodReadonly
    ? innerOf(schema.unwrap())
    : (schema as z.ZodType);
}

/** @param field without wrappers, see {@link innerOf} */
export function fromText(field: z.ZodType | undefined, text: string): unknown {
  if (field instanceof z.ZodNumber && text.trim() !== '')
    return Number.isNaN(Number(text)) ? text : Number(text);
  if (field instanceof z.ZodBoolean) return text === 'true' ? true : text === 'false' ? false : text;
  return text;
}
