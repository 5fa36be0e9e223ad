import type { Attributes, AttributeValue } from '@opentelemetry/api';
import type { RecordedAttempt, RecordedWait } from '../../authoring/run-graph';
import type { KnotFinished, RunEnded } from '../../emitters';
import type { ExceptionRecord, LineageRecord, RunRecord } from '../../ports';
import { elementOf, type TraceOfRun } from './trace-of-run';
import type { SpanMaker, ToldEvent, ToldError, ToldSpan } from './span-maker';
import type { SpanIds } from './ids';

/** The parts of a record's `extra` that spans show. */
interface Facts {
  readonly error?: ExceptionRecord;
  readonly attempts?: readonly RecordedAttempt[];
  readonly waits?: readonly RecordedWait[];
  readonly elements?: { readonly count: number; readonly failed: number; readonly reused?: number };
  readonly child_run?: { readonly run_id: string };
  readonly iterations?: number;
  readonly made_by?: string;
  readonly made_in?: number;
  readonly passed_over?: unknown;
  readonly host?: string;
}

const MAP = 'selvage.map';

/** Parameters and skipped knots have no attempt to show. */
export function hasSpan({ definition, outcome }: LineageRecord): boolean {
  return definition !== 'parameter' && outcome !== 'skipped';
}

/**
 * The spans of a knot: one for its only attempt; or one for the knot, with its attempts below. A knot has both if it
 * has earlier attempts, waits, elements or a run of its own.
 */
export function spansOfKnot({ record, run }: KnotFinished, trace: TraceOfRun, maker: SpanMaker): ToldSpan[] {
  const facts = record.extra as Facts;
  const { attempts = [], waits = [], elements, child_run: childRun, error } = facts;
  const { knot_id: id, scheduled_at, started_at, finished_at, attempt, definition } = record;
  const begun = Math.min(started_at, ...attempts.map((earlier) => earlier.started_at));
  const element = elementOf(id);
  const isApart = trace.isApart(begun);
  const placed = (ids: SpanIds, above?: SpanIds): Pick<ToldSpan, 'ids' | 'links' | 'parent'> => {
    if (above) return { ids, parent: maker.parentOf(above) };
    return isApart ? { ids, links: [trace.ids] } : { ids, parent: maker.parentOf(trace.ids, trace.parent) };
  };
  const own = placed(trace.attempt(id, attempt, begun), element && trace.knot(element.map, begun));
  const name = element?.map ?? id;
  const about = attributesOfKnot(record, run, facts, begun);
  const failure = error && errorOf(error);
  const isWhole = elements !== undefined || childRun !== undefined || definition === MAP;
  if (!isWhole && attempts.length === 0 && waits.length === 0) {
    return [
      {
        name,
        ...own,
        from: started_at,
        until: finished_at,
        attributes: about,
        events: reuseOf(record, facts),
        error: failure,
      },
    ];
  }
  const whole = trace.knot(id, begun);
  const spans: ToldSpan[] = [
    {
      name,
      ...own,
      ids: whole,
      from: Math.min(scheduled_at, begun, ...waits.map(({ since }) => since)),
      until: finished_at,
      attributes: about,
      events: [...attempts.map(endOfAttempt), ...waits.map(waitOf), ...reuseOf(record, facts)].sort(
        (a, b) => a.at - b.at,
      ),
      error: failure,
    },
  ];
  const of = (number: number): Attributes => ({ ...basics(record, run), 'selvage.attempt': number });
  for (const { attempt: number, started_at: from, ended_at: until, worker, reason } of attempts) {
    spans.push({
      name,
      ...placed(trace.attempt(id, number, begun), whole),
      from,
      until: Math.max(from, until),
      attributes: { ...of(number), ...(worker !== undefined && { 'selvage.worker': worker }) },
      error: { type: reason.code, message: reason.message },
    });
  }
  // The elements, or the started run, have spans of their own.
  if (isWhole) return spans;
  return [
    ...spans,
    {
      name,
      ...placed(trace.attempt(id, attempt, begun), whole),
      from: started_at,
      until: finished_at,
      attributes: { ...of(attempt), ...(record.worker !== null && { 'selvage.worker': record.worker }) },
      error: failure,
    },
  ];
}

export function spanOfRun({ run }: RunEnded, trace: TraceOfRun): ToldSpan {
  const {
    counts,
    error,
    resumed_from: resumedFrom,
  } = run.details as {
    counts?: { ok?: number; err?: number; skipped?: number };
    error?: { type: string; message: string };
    resumed_from?: string;
  };
  const hasFailed = run.status !== 'succeeded' && run.status !== 'cancelled';
  const failed = counts?.err ?? 0;
  return {
    name: run.tapestry,
    ids: trace.ids,
    parent: trace.parent,
    from: run.started_at,
    until: run.finished_at ?? run.started_at,
    attributes: withKnown(
      {
        'selvage.run.id': run.run_id,
        'selvage.temporal_run.id': run.temporal_run_id,
        'selvage.tapestry': run.tapestry,
        'selvage.plan.hash': run.plan_hash,
        'selvage.run.status': run.status,
      },
      {
        'selvage.run.trigger': run.trigger,
        'selvage.run.trigger_key': run.trigger_key,
        'selvage.run.actor': run.actor,
        'selvage.run.partition': run.partition,
        'selvage.run.tags': run.tags.length > 0 ? run.tags : undefined,
        'selvage.run.parent': run.parent_run_id,
        'selvage.run.resumed_from': resumedFrom,
        'selvage.knots.ok': counts?.ok,
        'selvage.knots.err': counts?.err,
        'selvage.knots.skipped': counts?.skipped,
        'vcs.ref.head.revision': run.vcs_commit,
        'error.type': hasFailed ? (error?.type ?? 'RunFailed') : undefined,
      },
    ),
    ...(hasFailed && {
      error: error ?? {
        type: 'RunFailed',
        message: `${failed === 1 ? 'A knot' : `${failed} knots`} failed, or the run was ${run.status}`,
      },
    }),
  };
}

function basics(record: LineageRecord, run: RunRecord): Attributes {
  return {
    'selvage.run.id': record.run_id,
    'selvage.tapestry': run.tapestry,
    'selvage.knot.id': record.knot_id,
    'selvage.definition': record.definition,
  };
}

/** @param begun the time when the first attempt began */
function attributesOfKnot(record: LineageRecord, run: RunRecord, facts: Facts, begun: number): Attributes {
  const { elements, error } = facts;
  const attributes: Attributes = {
    ...basics(record, run),
    'selvage.temporal_run.id': record.temporal_run_id,
    'selvage.outcome': record.outcome,
    'selvage.attempt': record.attempt,
    'selvage.queue.duration': (begun - record.scheduled_at) / 1_000,
  };
  return withKnown(attributes, {
    'selvage.definition.version': record.definition_version,
    'selvage.dispatcher': record.dispatcher,
    'selvage.host': facts.host,
    'selvage.task_queue': record.task_queue,
    'selvage.worker': record.worker,
    'selvage.output.hash': record.output_hash,
    'selvage.output.size': record.output_size,
    'selvage.reused_from': record.cached_from_run,
    'selvage.elements.count': elements?.count,
    'selvage.elements.failed': elements?.failed,
    'selvage.elements.reused': elements?.reused,
    'selvage.child_run.id': facts.child_run?.run_id,
    'selvage.iterations': facts.iterations,
    'error.type': error?.type,
  });
}

/** A lost worker fell silent; all other attempts ended with an error and were retried. */
function endOfAttempt({ attempt, ended_at: at, reason }: RecordedAttempt): ToldEvent {
  const isLost = reason.code === 'WorkerLost';
  return {
    name: isLost ? 'selvage.heartbeat_gap' : 'selvage.retry',
    at,
    attributes: { 'selvage.attempt': attempt, 'error.type': reason.code, 'selvage.reason': reason.message },
  };
}

function waitOf({ code, since, until }: RecordedWait): ToldEvent {
  return {
    name: code === 'Queued' || code === 'Retry' ? 'selvage.wait' : 'selvage.refusal',
    at: since,
    attributes: { 'selvage.reason': code, 'selvage.wait.duration': (until - since) / 1_000 },
  };
}

/** An event that says that a value was reused, or why it was not reused. */
function reuseOf(record: LineageRecord, facts: Facts): ToldEvent[] {
  const at = record.started_at;
  if (record.cached_from_run !== null) {
    const { made_by: knot, made_in: saved } = facts;
    const attributes = withKnown(
      { 'selvage.reused_from': record.cached_from_run },
      {
        'selvage.made_by': knot,
        'selvage.saved.duration': saved === undefined ? undefined : saved / 1_000,
      },
    );
    return [{ name: 'selvage.reuse', at, attributes }];
  }
  if (facts.passed_over === undefined) return [];
  return [
    {
      name: 'selvage.reuse_refused',
      at,
      attributes: { 'selvage.reason': JSON.stringify(facts.passed_over) },
    },
  ];
}

function errorOf({ type, message, traceback }: ExceptionRecord): ToldError {
  return { type, message, traceback };
}

/** Adds the attributes that have a value. */
function withKnown(attributes: Attributes, more: Readonly<Record<string, unknown>>): Attributes {
  for (const name in more) {
    const value = more[name];
    if (value !== undefined && value !== null) attributes[name] = value as AttributeValue;
  }
  return attributes;
}
