import type { OutcomeKind } from '../authoring/outcome';
import type { LineageRecord, RunRecord, RunStatus } from '../ports';
import type { Payload } from './payload';
import type { RunEvent } from './event';

/** The subject matter of a CloudEvent. */
export type CloudEventType =
  | 'dev.selvage.run.started'
  | 'dev.selvage.run.ended'
  | 'dev.selvage.run.result'
  | 'dev.selvage.knot.finished';

/** The form of CloudEvents 1.0. The last four attributes are extensions. */
export interface CloudEvent<Data = unknown> {
  readonly specversion: '1.0';
  /** Id of the {@link RunEvent}: the same at each delivery. */
  readonly id: string;
  readonly source: string;
  readonly type: CloudEventType;
  /** The run's id; for knots, `<run id>/<knot id>`. */
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: Data;
  /** The run's id. */
  readonly partitionkey: string;
  readonly tapestry: string;
  /** Only of knots. */
  readonly outcome?: OutcomeKind;
  /** Only events of ended runs have a status. */
  readonly status?: RunStatus;
}

/** The unchanging part of a run record. */
export type RunFacts = Pick<
  RunRecord,
  | 'run_id'
  | 'temporal_run_id'
  | 'tapestry'
  | 'plan_hash'
  | 'actor'
  | 'trigger'
  | 'trigger_key'
  | 'partition'
  | 'tags'
  | 'vcs_commit'
  | 'parent_run_id'
  | 'started_at'
>;

/** Records with the field names of all stores. */
export type EventData =
  | { readonly run: RunFacts & Pick<RunRecord, 'parameter_hashes' | 'terminals'> }
  | { readonly run: RunRecord }
  | ({ readonly run: RunFacts; readonly record: LineageRecord } & Payload);

export interface CloudEventOptions {
  /** Beginning of the attribute `source`, a URI-reference. The tapestry's name follows. */
  readonly source: string;
  /** The knot's value, if it is sent. Default: none. */
  readonly payload?: Payload;
}

/**
 * Events of started runs and finished knots contain nothing that became known later, so they are the same at each
 * delivery.
 */
export function toCloudEvent(event: RunEvent, { source, payload }: CloudEventOptions): CloudEvent<EventData> {
  const { run } = event;
  const attributes = {
    id: event.id,
    source: `${source}${encodeURIComponent(run.tapestry)}`,
    subject: run.run_id,
    time: timeText(event.at),
    partitionkey: run.run_id,
    tapestry: run.tapestry,
  };
  switch (event.type) {
    case 'run-started': {
      const { parameter_hashes, terminals } = run;
      const data = { run: { ...factsOf(run), parameter_hashes, terminals } };
      return { ...FIXED, ...attributes, type: 'dev.selvage.run.started', data };
    }
    case 'run-ended':
      return { ...FIXED, ...attributes, type: 'dev.selvage.run.ended', status: run.status, data: { run } };
    case 'knot-finished': {
      const { record } = event;
      return {
        ...FIXED,
        ...attributes,
        subject: `${run.run_id}/${record.knot_id}`,
        type: 'dev.selvage.knot.finished',
        outcome: record.outcome,
        data: { run: factsOf(run), record, ...payload },
      };
    }
  }
}

const FIXED = { specversion: '1.0', datacontenttype: 'application/json' } as const;

export function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

export function factsOf(run: RunRecord): RunFacts {
  const { run_id, temporal_run_id, tapestry, plan_hash, actor, trigger, trigger_key } = run;
  const { partition, tags, vcs_commit, parent_run_id, started_at } = run;
  return {
    run_id,
    temporal_run_id,
    tapestry,
    plan_hash,
    actor,
    trigger,
    trigger_key,
    partition,
    tags,
    vcs_commit,
    parent_run_id,
    started_at,
  };
}
