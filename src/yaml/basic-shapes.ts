import type { z as Zod, ZodType } from 'zod';

export interface BasicShapes {
  text(about: string): Zod.ZodString;
  callable(about: string): Zod.ZodString;
  /** A duration: milliseconds, or a text such as `90s`. */
  readonly duration: ZodType;
  oneOrMore(item: ZodType, error: string): ZodType;
}

export function basicShapes(z: typeof Zod): BasicShapes {
  const text = (about: string): Zod.ZodString => z.string().meta({ description: about });
  const callable = (about: string): Zod.ZodString =>
    z
      .string()
      .min(1)
      .meta({
        description: `${about}: the name of a callable, or module:export or python:module:function where the document allows it`,
      });
  const duration = z
    .union([z.number().min(0), z.string().regex(/^\d+(\.\d+)?\s?(ms|[smhdw])$/)], {
      error: 'milliseconds, or a text such as 90s, 15m, 12h or 7d',
    })
    .meta({ description: 'Milliseconds, or a text such as 90s, 15m, 12h or 7d' });
  const oneOrMore = (item: ZodType, error: string): ZodType =>
    z.union([item, z.array(item).min(1)], { error });
  return { text, callable, duration, oneOrMore };
}
