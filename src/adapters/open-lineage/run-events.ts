import type { ExceptionRecord, LineageRecord, RunRecord, TableFacts } from '../../ports';
import type { KnotFinished } from '../../emitters';
import type { OpenLineageSettings } from '../../emitters/open-lineage';
import type { Dataset } from '../../authoring';
import {
  chosenTerminals,
  columnOrigins,
  columnsOf,
  layoutOf,
  nestedPlan,
  type ColumnOrigins,
  type Plan,
  type PlanField,
  type PlanKnot,
} from '../../plan';
import { VERSION } from '../../version';
import { knotUuid, runUuid } from './run-ids';
import type {
  BaseFacet,
  ColumnLineageDatasetFacet,
  DatasourceDatasetFacet,
  ErrorMessageRunFacet,
  InputDataset,
  Job,
  JobTypeJobFacet,
  NominalTimeRunFacet,
  OutputDataset,
  ParentRunFacet,
  ProcessingEngineRunFacet,
  RunEvent,
  RunFacet,
  SchemaDatasetFacet,
  TagsRunFacet,
} from './specification';

const SPECIFICATION = 'https://openlineage.io/spec';
const SCHEMA_URL = `${SPECIFICATION}/2-0-2/OpenLineage.json#/$defs/RunEvent`;
/** The facets that are sent, and their versions. */
const FACETS = {
  ColumnLineageDatasetFacet: '1-2-0',
  DatasourceDatasetFacet: '1-0-1',
  DocumentationJobFacet: '1-1-0',
  ErrorMessageRunFacet: '1-0-1',
  JobTypeJobFacet: '2-0-4',
  NominalTimeRunFacet: '1-0-1',
  ParentRunFacet: '1-2-0',
  ProcessingEngineRunFacet: '1-1-1',
  SchemaDatasetFacet: '1-2-0',
  TagsRunFacet: '1-0-0',
} as const;

const ENDS = { succeeded: 'COMPLETE', failed: 'FAIL', cancelled: 'ABORT', terminated: 'ABORT' } as const;

/** A namespace that is a URI, such as `s3://bucket`; other namespaces are only names. */
const SOURCE = /^[a-z][a-z0-9+.-]*:\/\/[\w.~:/?@!$&'()*+,;=%-]+$/i;

/** The datasets that a knot or a run reads and writes, by its plan. */
interface DataOfKnot {
  readonly inputs: InputDataset[];
  readonly outputs: OutputDataset[];
}

export interface PlanOfRun {
  readonly plan: Plan;
  /** Plans nested at any depth, by hash, as far as they are still stored. */
  readonly nested: ReadonlyMap<string, Plan>;
}

type Facets = Record<string, RunFacet>;
type EventType = NonNullable<RunEvent['eventType']>;

export class LineageEvents {
  constructor(private readonly settings: Pick<OpenLineageSettings, 'namespace' | 'producer' | 'knots'>) {}

  started(run: RunRecord, plan: PlanOfRun | undefined, parent: RunRecord | undefined): RunEvent {
    return this.ofRun('START', run.started_at, run, plan, parent);
  }

  ended(run: RunRecord, plan: PlanOfRun | undefined, parent: RunRecord | undefined): RunEvent | undefined {
    if (run.status === 'running') return undefined;
    const { error, counts } = run.details as {
      error?: { type: string; message: string };
      counts?: { err?: number };
    };
    const message = error
      ? `${error.type}: ${error.message}`
      : `${counts?.err ?? 'Some'} of its knots failed: see the run ${run.run_id}.`;
    const facets: Facets = run.status === 'failed' ? { errorMessage: this.errorMessage(message) } : {};
    return this.ofRun(ENDS[run.status], run.finished_at ?? run.started_at, run, plan, parent, facets);
  }

  /** The start and the end of a knot, both told at its end; empty for a knot that is no job of its own. */
  knot({ record, run }: KnotFinished, plan: Plan | undefined): RunEvent[] {
    const { knots } = this.settings;
    if (knots === 'none' || record.outcome === 'skipped' || record.definition === 'parameter') return [];
    const knot = plan?.knots.find(({ id }) => id === record.knot_id);
    // An element of a map is in no plan.
    if (!plan || !knot || (knots === 'datasets' && !knot.data?.reads && !knot.data?.writes)) return [];
    const data = this.dataOf(plan, withRecorded(knot, record));
    const uuid = knotUuid(record.temporal_run_id, record.knot_id, record.started_at);
    const job = this.job(`${run.tapestry}.${record.knot_id}`, 'KNOT', knot.summary);
    const parent = this.parentFacet(run);
    const event = (type: EventType, at: number, facets: Facets = {}): RunEvent => ({
      ...this.base(type, at),
      run: { runId: uuid, facets: { ...this.engine(), parent, ...facets } },
      job,
      ...data,
    });
    const failed = record.outcome === 'err';
    return [
      event('START', record.started_at),
      event(
        failed ? 'FAIL' : 'COMPLETE',
        record.finished_at,
        failed ? { errorMessage: this.errorOf(record) } : {},
      ),
    ];
  }

  private ofRun(
    type: EventType,
    at: number,
    run: RunRecord,
    plan: PlanOfRun | undefined,
    parent: RunRecord | undefined,
    facets: Facets = {},
  ): RunEvent {
    const { event } = run.details as { event?: { planned?: string } };
    const nominal = event?.planned;
    return {
      ...this.base(type, at),
      run: {
        runId: runUuid(run),
        facets: {
          ...this.engine(),
          ...(nominal !== undefined && { nominalTime: this.nominal(nominal) }),
          ...(run.tags.length > 0 && { tags: this.tags(run) }),
          ...(parent && { parent: this.parentFacet(parent) }),
          ...facets,
        },
      },
      job: this.job(run.tapestry, 'TAPESTRY'),
      ...(plan && this.dataOfRun(plan, run)),
    };
  }

  /** Datasets of all knots of the run, and of the runs that they start. */
  private dataOfRun({ plan, nested }: PlanOfRun, { terminals }: RunRecord): DataOfKnot {
    const inputs = new Map<string, InputDataset>();
    const outputs = new Map<string, OutputDataset>();
    const seen = new Set<Plan>();
    const add = (of: Plan, chosen?: readonly string[]): void => {
      seen.add(of);
      const inRun = chosen && new Set(layoutOf(of, chosen).ids);
      for (const knot of of.knots) {
        if (inRun?.has(knot.id) === false) continue;
        for (const read of this.inputsOf(knot)) inputs.set(keyOf(read), read);
        for (const written of this.outputsOf(of, knot)) outputs.set(keyOf(written), written);
        const inner = nested.get(nestedPlan(knot)?.plan ?? '');
        if (inner && !seen.has(inner)) add(inner);
      }
    };
    add(plan, chosenTerminals(plan, terminals));
    return { inputs: [...inputs.values()], outputs: [...outputs.values()] };
  }

  /** The datasets that the knot reads, and the datasets that columns of its outputs come from. */
  private dataOf(plan: Plan, knot: PlanKnot): DataOfKnot {
    const inputs = new Map(this.inputsOf(knot).map((read) => [keyOf(read), read]));
    const origins = Object.values((knot.data?.writes && columnOrigins(plan, knot)) ?? {}).flat();
    for (const origin of origins)
      if (!inputs.has(keyOf(origin))) inputs.set(keyOf(origin), this.dataset(origin));
    return { inputs: [...inputs.values()], outputs: this.outputsOf(plan, knot) };
  }

  /** The fields of the knot's value describe its dataset only if it reads a single one. */
  private inputsOf({ data }: PlanKnot): InputDataset[] {
    const { reads = [], fields } = data ?? {};
    const isKnown = reads.length === 1 && !data?.columns && fields !== undefined;
    const facets = isKnown ? { schema: this.schema(fields) } : undefined;
    return reads.map((read) => this.dataset(read, facets));
  }

  private outputsOf(plan: Plan, knot: PlanKnot): OutputDataset[] {
    const { writes = [], fields } = knot.data ?? {};
    if (writes.length === 0) return [];
    const origins = columnOrigins(plan, knot);
    const known = fields ?? columnsOf(plan, knot).map((name) => ({ name }));
    const facets = {
      ...(known.length > 0 && { schema: this.schema(known) }),
      ...(origins && { columnLineage: this.columnLineage(origins) }),
    };
    return writes.map((written) => this.dataset(written, facets));
  }

  private dataset({ namespace, name }: Dataset, facets: Record<string, BaseFacet> = {}): OutputDataset {
    const dataSource: DatasourceDatasetFacet = {
      ...this.facet('DatasourceDatasetFacet'),
      name: namespace,
      ...(SOURCE.test(namespace) && { uri: namespace }),
    };
    return { namespace, name, facets: { dataSource, ...facets } };
  }

  private schema(fields: readonly PlanField[]): SchemaDatasetFacet {
    return { ...this.facet('SchemaDatasetFacet'), fields: fields.map((field) => ({ ...field })) };
  }

  private base(
    eventType: EventType,
    at: number,
  ): Pick<RunEvent, 'eventType' | 'eventTime' | 'producer' | 'schemaURL'> {
    return {
      eventType,
      eventTime: new Date(at).toISOString(),
      producer: this.settings.producer,
      schemaURL: SCHEMA_URL,
    };
  }

  private facet(name: keyof typeof FACETS): BaseFacet {
    return {
      _producer: this.settings.producer,
      _schemaURL: `${SPECIFICATION}/facets/${FACETS[name]}/${name}.json#/$defs/${name}`,
    };
  }

  private job(name: string, jobType: string, description?: string): Job {
    const type: JobTypeJobFacet = {
      ...this.facet('JobTypeJobFacet'),
      processingType: 'BATCH',
      integration: 'SELVAGE',
      jobType,
    };
    const documentation = description !== undefined && {
      documentation: { ...this.facet('DocumentationJobFacet'), description },
    };
    return { namespace: this.settings.namespace, name, facets: { jobType: type, ...documentation } };
  }

  private engine(): { processing_engine: ProcessingEngineRunFacet } {
    return {
      processing_engine: {
        ...this.facet('ProcessingEngineRunFacet'),
        name: 'selvage',
        version: VERSION,
        openlineageAdapterVersion: VERSION,
      },
    };
  }

  private parentFacet(run: RunRecord): ParentRunFacet {
    return {
      ...this.facet('ParentRunFacet'),
      run: { runId: runUuid(run) },
      job: { namespace: this.settings.namespace, name: run.tapestry },
    };
  }

  private nominal(planned: string): NominalTimeRunFacet {
    return { ...this.facet('NominalTimeRunFacet'), nominalStartTime: planned };
  }

  private tags({ tags }: RunRecord): TagsRunFacet {
    return {
      ...this.facet('TagsRunFacet'),
      tags: tags.map((key) => ({ key, value: 'true', source: 'USER' })),
    };
  }

  private errorMessage(message: string, stackTrace?: string): ErrorMessageRunFacet {
    return {
      ...this.facet('ErrorMessageRunFacet'),
      message,
      programmingLanguage: 'JAVASCRIPT',
      ...(stackTrace && { stackTrace }),
    };
  }

  private errorOf({ extra }: LineageRecord): ErrorMessageRunFacet {
    const { type, message, traceback } = (extra as { error: ExceptionRecord }).error;
    return this.errorMessage(`${type}: ${message}`, traceback);
  }

  private columnLineage(origins: ColumnOrigins): ColumnLineageDatasetFacet {
    const fields = Object.entries(origins).map(([column, from]) => {
      const inputFields = from.map(({ isSame, ...field }) => ({
        ...field,
        ...(isSame && { transformations: [{ type: 'DIRECT', subtype: 'IDENTITY' }] }),
      }));
      return [column, { inputFields }];
    });
    return { ...this.facet('ColumnLineageDatasetFacet'), fields: Object.fromEntries(fields) };
  }
}

/** A knot that reads data has the columns of the table that it made, if no schema has said them. */
function withRecorded(knot: PlanKnot, { extra }: LineageRecord): PlanKnot {
  const { table } = extra as { table?: TableFacts };
  if (!table || table.more !== undefined || !knot.data?.reads || knot.data.fields) return knot;
  return { ...knot, data: { ...knot.data, fields: table.columns.map(({ name, type }) => ({ name, type })) } };
}

function keyOf({ namespace, name }: Dataset): string {
  return `${namespace}\n${name}`;
}
