import { z } from 'zod';
import { nodeSha256 } from '../../backends';
import { encodeJson, type Json } from '../../values';
import { redactJson } from '../../values/redact';
import { graphOfPlan } from '../../plan/run-graph';
import { planOf } from '../../runtime';
import { recordOf, type AnyTapestry } from '../../authoring';
import type { ParameterRecord } from '../../authoring/records';
import { validateNow } from '../../authoring/standard-schema';
import { VERSION } from '../../version';
import { json, list } from '../fields';
import { question } from '../operation';
import { runGraph } from '../run-graph';
import { schemaToJson } from '../schema-to-json';

/** Pages that have data wherever there is a server. */
const ALWAYS = [
  'runs',
  'run',
  'compare',
  'value',
  'tapestry',
  'approvals',
  'triggers',
  'stats',
  'schedules',
  'workers',
  'streams',
  'waiting',
] as const;

const pageName = z.enum([...ALWAYS, 'emitters', 'partitions']);
export type PageName = z.output<typeof pageName>;

const parameterView = z.object({
  name: z.string(),
  schema: json,
  required: z.boolean(),
  default: json.optional(),
});
export type ParameterView = Readonly<z.output<typeof parameterView>>;

const tapestryView = z.object({
  name: z.string(),
  description: z.string().optional(),
  graph: runGraph,
  /** A parameter whose schema JSON Schema cannot express has `{}`. */
  parameters: list(parameterView),
  partitioned: z.boolean(),
});
export type TapestryView = Readonly<z.output<typeof tapestryView>>;

const aboutAnswer = z.object({
  version: z.string(),
  /** The project's name, for the title. */
  project: z.string(),
  /** Absent in a file, and until the server was reached. */
  server: z
    .object({ address: z.string(), namespace: z.string(), temporalUi: z.string().optional() })
    .optional(),
  /**
   * Absent in a file. While `connecting` or `unreachable`, answers come from the records alone, nothing says why a
   * run waits, and acts wait or are refused.
   */
  serverState: z.enum(['connecting', 'connected', 'unreachable']).optional(),
  abilities: z.object({
    /** Whether the caller may act: it has the token, and the page is not read-only. */
    act: z.boolean(),
    readOnly: z.boolean(),
    live: z.boolean(),
    /** The pages that have data. */
    pages: list(pageName),
  }),
  /**
   * Later answers are at least as new as this position of the feed: `GET api/v1/live?after=` continues from it.
   * Absent where nothing changes.
   */
  position: z.string().optional(),
  /** The tapestries of the page's file, with what forms need. */
  tapestries: list(tapestryView),
});
export type About = Readonly<z.output<typeof aboutAnswer>>;

export const about = question({
  name: 'project.about',
  summary: 'the project, its server, its tapestries with their parameters, and what the caller may do',
  group: 'see',
  ask: z.strictObject({}),
  answer: aboutAnswer,
  examples: [{}],
  inFull: true,
  /** @throws SelvageError `BackendUnavailable` */
  async run({ reach, project, tapestries, live, backends, caller }) {
    reach.begin();
    const position = await live?.position();
    const place = reach.client?.location;
    const shown = tapestries.map(viewOf);
    return {
      version: VERSION,
      project,
      ...(place && {
        server: {
          address: place.address,
          namespace: place.namespace,
          ...(place.uiUrl !== undefined && { temporalUi: place.uiUrl }),
        },
      }),
      serverState: reach.state,
      abilities: {
        act: caller.mayAct && !caller.isReadOnly,
        readOnly: caller.isReadOnly,
        live: live !== undefined,
        pages: [
          ...ALWAYS,
          ...(backends.runHistory.emitterTableBeside ? (['emitters'] as const) : []),
          ...(shown.some(({ partitioned }) => partitioned) ? (['partitions'] as const) : []),
        ],
      },
      position,
      tapestries: caller.maySeeSecrets
        ? shown
        : shown.map((view) => ({
            ...view,
            parameters: redactJson(view.parameters as unknown as Json) as unknown as ParameterView[],
          })),
    };
  },
});

const views = new WeakMap<object, TapestryView>();

/** A tapestry does not change, so its view is cached. */
function viewOf(tapestry: AnyTapestry): TapestryView {
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

/** What a run takes that is started without the parameter: its default, or what its schema makes of nothing. */
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

/** Leaves out defaults that are large or that the codec cannot encode; the tapestry applies them itself. */
function jsonOrNone(value: unknown): Json | undefined {
  try {
    const json = encodeJson(value);
    return JSON.stringify(json).length <= 64 * 1024 ? json : undefined;
  } catch {
    return undefined;
  }
}
