import { nodeSha256 } from '../../backends';
import { encodeJson, type Json } from '../../values';
import { redactJson } from '../../values/redact';
import { graphOfPlan } from '../../plan/run-graph';
import { planOf } from '../../runtime';
import { recordOf, type AnyTapestry } from '../../authoring';
import type { ParameterRecord } from '../../authoring/records';
import { validateNow } from '../../authoring/standard-schema';
import { VERSION } from '../../version';
import type { About, PageName, ParameterView, TapestryView } from '../contract';
import type { ProjectData, Rights } from '../../operations/surroundings';
import { schemaToJson } from '../../operations/schema-to-json';

const ALWAYS: readonly PageName[] = [
  'runs',
  'run',
  'compare',
  'value',
  'tapestry',
  'approvals',
  'triggers',
  'stats',
];

export async function about(data: ProjectData, rights: Rights): Promise<About> {
  const { reach, project, tapestries, live } = data;
  reach.begin();
  const position = await live?.position();
  const place = reach.client?.location;
  const views = tapestries.map(viewOf);
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
      act: rights.mayAct && !rights.isReadOnly,
      readOnly: rights.isReadOnly,
      live: live !== undefined,
      pages: [
        ...ALWAYS,
        'schedules',
        'workers',
        'streams',
        'waiting',
        ...(data.backends.runHistory.emitterTableBeside ? (['emitters'] as const) : []),
        ...(views.some(({ partitioned }) => partitioned) ? (['partitions'] as const) : []),
      ],
    },
    position,
    tapestries: rights.maySeeSecrets
      ? views
      : views.map((view) => ({
          ...view,
          parameters: redactJson(view.parameters as unknown as Json) as unknown as ParameterView[],
        })),
  };
}

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
