import { z } from 'zod';

/**
 * An ask whose fields were given as texts: in the query of a URL, or on a command line. Texts become what the schema expects of a field; a
 * text that is none is left as it is, so that the schema refuses it.
 */
export function fromTexts(schema: z.ZodObject, given: ReadonlyMap<string, readonly string[]>): object {
  const shape: Readonly<Record<string, z.ZodType>> = schema.shape;
  return Object.fromEntries(
    [...given].map(([name, texts]) => {
      const field = Object.hasOwn(shape, name) ? innerOf(shape[name]!) : undefined;
      if (field instanceof z.ZodArray)
        return [name, texts.map((text) => fromText(innerOf(field.element), text))];
      return [name, texts.length > 1 ? texts : fromText(field, texts[0]!)];
    }),
  );
}

/** The schema of a field that is given, without what makes it optional. */
export function innerOf(schema: unknown): z.ZodType {
  return schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodReadonly
    ? innerOf(schema.unwrap())
    : (schema as z.ZodType);
}

/** Reads a text as the value of a field. The schema is that of {@link innerOf}. */
export function fromText(field: z.ZodType | undefined, text: string): unknown {
  if (field instanceof z.ZodNumber && text.trim() !== '')
    return Number.isNaN(Number(text)) ? text : Number(text);
  if (field instanceof z.ZodBoolean) return text === 'true' ? true : text === 'false' ? false : text;
  return text;
}
