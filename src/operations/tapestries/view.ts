import { z } from 'zod';
import { nodeSha256 } from '../../backends';
import { encodeJson, type Json } from '../../values';
import { redactJson } from '../../values/redact';
import { graphOfPlan } from '../../plan/run-graph';
import { planOf } from '../../runtime';
import { recordOf, type AnyTapestry } from '../../authoring';
import type { ParameterRecord } from '../../authoring/records';
import { validateNow } from '../../authoring/standard-schema';
import { json, list } from '../fields';
import { runGraph } from '../run-graph';
import { schemaToJson } from '../schema-to-json';
import type { Rights } from '../surroundings';

const parameterView = z.object({
  name: z.string(),
  schema: json,
  required: z.boolean(),
  default: json.optional(),
});
export type ParameterView = Readonly<z.output<typeof parameterView>>;

export const tapestryView = z.object({
  name: z.string(),
  description: z.string().optional(),
  graph: runGraph,
  /** Parameters of the tapestry; a schema is `{}` if JSON Schema cannot express it. */
  parameters: list(parameterView),
  partitioned: z.boolean(),
});
export type TapestryView = Readonly<z.output<typeof tapestryView>>;

const views = new WeakMap<object, TapestryView>();

/** A tapestry for forms and assistants, without secret defaults unless `maySeeSecrets`. */
export function viewOf(
  tapestry: AnyTapestry,
  { maySeeSecrets }: Pick<Rights, 'maySeeSecrets'>,
): TapestryView {
  const view = wholeViewOf(tapestry);
  if (maySeeSecrets) return view;
  const parameters = redactJson(view.parameters as unknown as Json) as unknown as ParameterView[];
  return { ...view, parameters };
}

function wholeViewOf(tapestry: AnyTapestry): TapestryView {
  const known = views.get(tapestry);
  if (known) return known;
  const record = recordOf(tapestry);
  const { plan, hash } = planOf(record, nodeSha256);
  const { description } = record.options;
  const view: TapestryView = {
    name: record.name,
    description,
    graph: graphOfPlan(plan, hash),
    parameters: [...record.parameters.values()].map((parameter): ParameterView => {
      const fallback = fallbackOf(parameter);
      const json = fallback?.value === undefined ? undefined : jsonOrNone(fallback.value);
      return {
        name: parameter.name,
        schema: schemaToJson(parameter.schema),
        required: fallback === undefined,
        ...(json !== undefined && { default: json }),
      };
    }),
    partitioned: record.options.partition !== undefined,
  };
  views.set(tapestry, view);
  return view;
}

/** The value of an absent parameter: its default, or the result of its schema. */
function fallbackOf({
  hasDefault,
  default: value,
  schema,
}: ParameterRecord): { readonly value: unknown } | undefined {
  if (hasDefault) return { value };
  try {
    const result = validateNow(schema, undefined);
    return result && !result.issues ? result : undefined;
  } catch {
    return undefined;
  }
}

/** Leaves out large or unencodable defaults; the tapestry applies them itself. */
function jsonOrNone(value: unknown): Json | undefined {
  try {
    const json = encodeJson(value);
    return JSON.stringify(json).length <= 64 * 1024 ? json : undefined;
  } catch {
    return undefined;
  }
}
