import type { Client } from '@temporalio/client';
import { historyFromJSON, type History } from '@temporalio/common/lib/proto-utils';
import {
  DefaultLogger,
  Worker,
  bundleWorkflowCode,
  type ReplayWorkerOptions,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import type { DataConverter } from '@temporalio/common';
import { SelvageError } from '../errors';
import { encryptionFromEnvironment, type Encryption } from '../encryption/encryption';
import { sealingConverter } from '../encryption/payload-codec';
import { LAYOUT_ACTIVITY, BEGIN_RUN_ACTIVITY } from '../workflows/messages';
import { chainHistories } from './chain-histories';
import { interpreterBundle } from './workflow-bundle';

type HistoryEvent = NonNullable<History['events']>[number];

export interface ReplayOptions {
  /** The workflows to replay with, for a worker that has its own. Default: the interpreter of this installation. */
  readonly workflows?: Pick<ReplayWorkerOptions, 'workflowBundle' | 'workflowsPath'>;
  /**
   * Opens sealed payloads. Default: the keys of the environment (`SELVAGE_KEYS`, `SELVAGE_KEY_FILE`), if it has any.
   */
  readonly encryption?: Encryption | false;
  /** The worker's data converter, if it has its own. */
  readonly dataConverter?: DataConverter;
}

/** A run started by a run: for a map or a part of one, a nested tapestry, a loop, or one slow knot. */
interface StartedChildRun {
  readonly runId: string;
  /** The Temporal run id of the child run's first execution. */
  readonly temporalRunId: string;
}

/** The result of replaying one execution of a run, or of a child run. */
export interface ReplayedExecution {
  readonly runId: string;
  readonly temporalRunId: string;
  /** The run's tapestry; absent if the server no longer has the history. */
  readonly tapestry?: string;
  /** Number of events in the history. */
  readonly events: number;
  /** Child runs that the execution started: `replayRun` replays child runs, `replayHistory` does not. */
  readonly childRuns: readonly StartedChildRun[];
  /**
   * - `replays`: a worker of this installation repeats the history, and can continue from its end
   * - `nondeterministic`: a worker would act differently, and a run with this history would stand still
   * - `too-new`: the history is from a newer version, unknown to this one
   * - `gone`: the server no longer has the history
   */
  readonly verdict: 'replays' | 'nondeterministic' | 'too-new' | 'gone';
  /** The event that the history has and the replay lacks. */
  readonly difference?: { readonly event: number; readonly recorded: string; readonly problem: string };
  /** `NonDeterminism` or `HistoryTooNew`. The error is absent for other verdicts. */
  readonly error?: SelvageError;
}

/**
 * Replays all executions of a run from the server (several if it was reset or continued as new), and of its child runs,
 * with the workflows of this installation. The replay changes nothing, runs no body and needs no worker. Use the replay
 * before a deploy, to try a new version on a run in flight.
 *
 * @param client of Temporal, such as `selvage.client`
 * @throws SelvageError `UnknownRun`, `ServerUnreachable`, `ForeignHistory` for a workflow that is not Selvage's
 */
export async function* replayRun(
  client: Client,
  runId: string,
  options: ReplayOptions = {},
): AsyncGenerator<ReplayedExecution> {
  let workflows: Workflows | undefined;
  const open: { readonly runId: string; readonly temporalRunId?: string }[] = [{ runId }];
  const seen = new Set<string>();
  for (let run = open.shift(); run; run = open.shift()) {
    const { runId: id, temporalRunId: first } = run;
    for await (const { temporalRunId, history } of chainHistories(client, id, first)) {
      if (!history) {
        yield { runId: id, temporalRunId, events: 0, childRuns: [], verdict: 'gone' };
        continue;
      }
      requireOwn(history, id);
      workflows ??= await prepare(options);
      const execution = await replay(history, id, temporalRunId, workflows);
      for (const child of execution.childRuns) {
        // Executions begun by resets repeat earlier events.
        if (!seen.has(child.temporalRunId)) open.push(child);
        seen.add(child.temporalRunId);
      }
      yield execution;
    }
  }
}

/**
 * Replays one history, in the JSON form of `temporal workflow show --output json` and Temporal's web page.
 *
 * @param json the parsed JSON
 * @throws SelvageError `FileNotLoadable` if it is not a history, `ForeignHistory` if it is not Selvage's
 */
export async function replayHistory(json: unknown, options: ReplayOptions = {}): Promise<ReplayedExecution> {
  const history = read(json);
  const { workflowId, originalExecutionRunId } = history.events![0]!.workflowExecutionStartedEventAttributes!;
  const runId = workflowId || 'replayed';
  requireOwn(history, runId);
  return await replay(history, runId, originalExecutionRunId ?? '', await prepare(options));
}

function read(json: unknown): History {
  const complaint = (cause?: unknown): SelvageError =>
    new SelvageError(
      'FileNotLoadable',
      'This is no history of a workflow: it must be an object whose `events` begin with the start of the execution, as ' +
        '`temporal workflow show --workflow-id ID --output json` writes it.',
      { cause },
    );
  let history: History;
  try {
    history = historyFromJSON(json);
  } catch (error) {
    throw complaint(error);
  }
  if (!history.events?.[0]?.workflowExecutionStartedEventAttributes) throw complaint();
  return history;
}

/**
 * A run's first command is the result of one of the interpreter's local activities; earlier its origin is unknown.
 * The type of a child run identifies it.
 */
function requireOwn(history: History, runId: string): void {
  const events = history.events ?? [];
  const workflow = events[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name;
  if (workflow?.startsWith('selvage.')) return;
  const first = events.find((event) => commandOf(event) !== undefined);
  const type = localActivityType(first);
  if (!first || type === BEGIN_RUN_ACTIVITY || type === LAYOUT_ACTIVITY) return;
  throw new SelvageError(
    'ForeignHistory',
    `The workflow "${runId}" of type "${workflow}" is none of Selvage's: its first step is ${describeEvent(first)}, and a run begins otherwise. ` +
      'Replay it with the worker that has its code.',
    { details: { run: runId, workflow } },
  );
}

/** Events that result from commands of the workflow name the task that sent them. */
function commandOf(event: HistoryEvent): object | undefined {
  const attributes = contentOf(event)?.attributes;
  return attributes &&
    'workflowTaskCompletedEventId' in attributes &&
    Number(attributes.workflowTaskCompletedEventId) > 0
    ? attributes
    : undefined;
}

const ATTRIBUTES = 'EventAttributes';

/** The kind of an event, such as `activityTaskScheduled`, and its attributes; undefined for an event without any. */
function contentOf(event: HistoryEvent): { kind: string; attributes: Record<string, unknown> } | undefined {
  for (const [name, value] of Object.entries(event)) {
    if (!name.endsWith(ATTRIBUTES) || !value) continue;
    return { kind: name.slice(0, -ATTRIBUTES.length), attributes: value as Record<string, unknown> };
  }
  return undefined;
}

function childRunsIn(events: readonly HistoryEvent[]): StartedChildRun[] {
  return events.flatMap(({ childWorkflowExecutionStartedEventAttributes: started }) => {
    const { workflowId, runId } = started?.workflowExecution ?? {};
    return workflowId && runId ? [{ runId: workflowId, temporalRunId: runId }] : [];
  });
}

function localActivityType(event: HistoryEvent | undefined): string | undefined {
  const data = event?.markerRecordedEventAttributes?.details?.['data']?.payloads?.[0]?.data;
  if (!data) return undefined;
  try {
    return (JSON.parse(Buffer.from(data).toString('utf8')) as { activity_type?: string }).activity_type;
  } catch {
    // The marker comes from another source.
    return undefined;
  }
}

type Workflows = Pick<ReplayWorkerOptions, 'workflowBundle' | 'dataConverter'>;

/** Bundles the workflows once, not for each history. */
async function prepare({
  workflows: { workflowsPath, workflowBundle } = {},
  encryption = encryptionFromEnvironment(),
  dataConverter,
}: ReplayOptions): Promise<Workflows> {
  const converter = sealingConverter(dataConverter, encryption || undefined);
  const logger = new DefaultLogger('ERROR');
  const makeBundle = (): Promise<WorkflowBundleOption> =>
    workflowsPath === undefined ? interpreterBundle() : bundleWorkflowCode({ workflowsPath, logger });
  return {
    workflowBundle: workflowBundle ?? (await makeBundle()),
    ...(converter && { dataConverter: converter }),
  };
}

async function replay(
  history: History,
  runId: string,
  temporalRunId: string,
  workflows: Workflows,
): Promise<ReplayedExecution> {
  const events = history.events ?? [];
  const execution = {
    runId,
    temporalRunId,
    tapestry: events[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? '',
    events: events.length,
    childRuns: childRunsIn(events),
  };
  const problem = await problemOf(events, runId, workflows);
  if (problem === undefined) return { ...execution, verdict: 'replays' };
  const details = { run: runId, temporalRunId };
  const tooNew = /^HistoryTooNew: (.*)/s.exec(problem);
  if (tooNew) {
    return {
      ...execution,
      verdict: 'too-new',
      error: new SelvageError('HistoryTooNew', tooNew[1]!, { details }),
    };
  }
  const event = await firstDifference(events, runId, workflows);
  const difference = { event: Number(event.eventId), recorded: describeEvent(event), problem };
  const error = new SelvageError(
    'NonDeterminism',
    `Event ${difference.event} of execution ${temporalRunId} of run "${runId}" is ${difference.recorded}; this version would do something ` +
      `else there: ${problem}. Let a worker of the version that made the history finish the run.`,
    { details: { ...details, ...difference } },
  );
  return { ...execution, verdict: 'nondeterministic', difference, error };
}

/** Why these events do not replay, in the SDK's words; undefined if the events do replay. */
async function problemOf(
  events: readonly HistoryEvent[],
  runId: string,
  workflows: Workflows,
): Promise<string | undefined> {
  try {
    await Worker.runReplayHistory(workflows, { events: [...events] }, runId);
    return undefined;
  } catch (error) {
    const { name, message } = error as Error;
    if (name !== 'DeterminismViolationError' && name !== 'ReplayError') throw error;
    // The message is Rust's rendering of the failure, and the reason is one of its fields.
    const quoted = /message: ("(?:[^"\\]|\\.)*")/.exec(message)?.[1];
    return (quoted === undefined ? message : unquoted(quoted)).replace(
      /^(\[\w+\] )?Nondeterminism error: /,
      '',
    );
  }
}

function unquoted(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    return text;
  }
}

/** Finds the first event that does not replay, by bisection: a history replays up to that event. */
async function firstDifference(
  events: readonly HistoryEvent[],
  runId: string,
  workflows: Workflows,
): Promise<HistoryEvent> {
  let good = 0;
  let bad = events.length;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if ((await problemOf(events.slice(0, middle), runId, workflows)) === undefined) good = middle;
    else bad = middle;
  }
  return events[bad - 1]!;
}

/** Formats as `ActivityTaskScheduled of "add" as "answer"`. */
function describeEvent(event: HistoryEvent): string {
  const { kind: name } = contentOf(event) ?? { kind: 'an event' };
  const kind = `${name[0]!.toUpperCase()}${name.slice(1)}`;
  const { activityType, activityId } = event.activityTaskScheduledEventAttributes ?? {};
  const local = localActivityType(event);
  if (activityType) return `${kind} of "${activityType.name}" as "${activityId}"`;
  return local === undefined ? kind : `${kind} of "${local}"`;
}
