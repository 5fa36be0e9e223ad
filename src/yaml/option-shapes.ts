import type { z as Zod, ZodType } from 'zod';
import type { Form } from '../authoring/checks';
import { KNOT_OPTIONS } from '../authoring/options';

type SayableOption = Exclude<keyof typeof KNOT_OPTIONS, 'summary'>;

/** The options of knots that a document names as code does. */
export const SAYABLE = Object.entries(KNOT_OPTIONS).flatMap(([name, { form, about }]) =>
  form ? [{ name: name as SayableOption, form, about }] : [],
);

/** The shapes of forms that have a name. */
export type NamedShapes = Readonly<
  Record<Exclude<Extract<Form, string>, 'number' | 'text' | 'texts'>, ZodType>
>;

export function optionShapes(z: typeof Zod, named: NamedShapes): Readonly<Record<SayableOption, ZodType>> {
  const shapeOf = (form: Form): ZodType => {
    if (form === 'number') return z.number();
    if (form === 'text') return z.string();
    if (form === 'texts') return z.array(z.string());
    if (typeof form === 'string') return named[form];
    if ('oneOf' in form) return form.oneOf.length === 1 ? z.literal(form.oneOf[0]) : z.enum(form.oneOf);
    if ('either' in form) return z.union(form.either.map(shapeOf), { error: form.expected });
    const fields = Object.entries(form.fields).map(([name, field]) => {
      const shape = shapeOf(field.form!);
      return [name, form.required.includes(name) ? shape : shape.optional()];
    });
    return z.strictObject(Object.fromEntries(fields) as Record<string, ZodType>);
  };
  const shapes = SAYABLE.map(({ name, form, about }) => {
    const shape = shapeOf(form);
    return [name, about === undefined ? shape : shape.meta({ description: about })];
  });
  return Object.fromEntries(shapes) as Record<SayableOption, ZodType>;
}

/** Fields that may all be left out. */
export function optional(shapes: Readonly<Record<string, ZodType>>): Record<string, ZodType> {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, shape.optional()]));
}
