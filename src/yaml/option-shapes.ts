import type { z as Zod, ZodType } from 'zod';
import type { Check, Form } from '../authoring/checks';
import { KNOT_OPTIONS } from '../authoring/options';

type SayableOption = Exclude<keyof typeof KNOT_OPTIONS, 'summary'>;

/** Options with the same name in documents and code. */
export const SAYABLE = Object.entries(KNOT_OPTIONS).flatMap(([name, { form, about }]) =>
  form ? [{ name: name as SayableOption, form, about }] : [],
);

type NamedShapes = Readonly<Record<Exclude<Extract<Form, string>, 'number' | 'text' | 'texts'>, ZodType>>;

/** Makes shapes of options from the forms of their checks. */
export class OptionShapes {
  constructor(
    private readonly z: typeof Zod,
    private readonly named: NamedShapes,
  ) {}

  ofKnots(): Readonly<Record<SayableOption, ZodType>> {
    const shapes = SAYABLE.map(({ name, form, about }) => {
      const shape = this.#of(form);
      return [name, about === undefined ? shape : shape.meta({ description: about })];
    });
    return Object.fromEntries(shapes) as Record<SayableOption, ZodType>;
  }

  fields(checks: Readonly<Record<string, Check>>, required: readonly string[] = []): Record<string, ZodType> {
    const shapes = Object.entries(checks).flatMap(([name, { form }]) => {
      const shape = form && this.#of(form);
      return shape ? [[name, required.includes(name) ? shape : shape.optional()]] : [];
    });
    return Object.fromEntries(shapes) as Record<string, ZodType>;
  }

  #of(form: Form): ZodType {
    const { z, named } = this;
    if (form === 'number') return z.number();
    if (form === 'text') return z.string();
    if (form === 'texts') return z.array(z.string());
    if (typeof form === 'string') return named[form];
    if ('oneOf' in form) return form.oneOf.length === 1 ? z.literal(form.oneOf[0]) : z.enum(form.oneOf);
    if ('either' in form)
      return z.union(
        form.either.map((one) => this.#of(one)),
        { error: form.expected },
      );
    return z.strictObject(this.fields(form.fields, form.required));
  }
}

export function optional(shapes: Readonly<Record<string, ZodType>>): Record<string, ZodType> {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, shape.optional()]));
}
