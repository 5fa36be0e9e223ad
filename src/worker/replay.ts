import type { Client } from '@temporalio/client';
import { historyFromJSON, type History } from '@temporalio/common/lib/proto-utils';
import { DefaultLogger, Worker, bundleWorkflowCode, type ReplayWorkerOptions } from '@temporalio/worker';
import type { DataConverter } from '@temporalio/common';
import { SelvageError } from '../errors';
import { encryptionFromEnvironment, type Encryption } from '../sealing/encryption';
import { sealingConverter } from '../sealing/payload-codec';
import { LAYOUT_ACTIVITY, PIN_ACTIVITY } from '../workflows/messages';
import { chainHistories } from './chain-histories';
import { interpreterSource } from './workflow-bundle';

type HistoryEvent = NonNullable<History['events']>[number];

export interface ReplayOptions {
  /** The workflows to replay with, of a worker that has its own. Default: the interpreter of this installation. */
  readonly workflows?: Pick<ReplayWorkerOptions, 'workflowBundle' | 'workflowsPath'>;
  /** Opens payloads that are sealed. Default: the keys of the environment (`SELVAGE_KEYS`, `SELVAGE_KEY_FILE`), if it has any. */
  readonly encryption?: Encryption | false;
  /** Of the worker, where it has one of its own. */
  readonly dataConverter?: DataConverter;
}

/** A run that a run has started: of a map or a part of one, of a nested tapestry, of a loop, or of one slow knot. */
export interface StartedChildRun {
  readonly runId: string;
  /** The Temporal run id of its first execution. */
  readonly temporalRunId: string;
}

/** What the replay of one execution of a run, or of a child run, came to. */
export interface ReplayedExecution {
  readonly runId: string;
  readonly temporalRunId: string;
  /** Absent where the server has the history no more. */
  readonly tapestry?: string;
  /** How many events the history has. */
  readonly events: number;
  /** The child runs that it has started. Each has histories of its own: `replayRun` comes to them, `replayHistory` does not. */
  readonly childRuns: readonly StartedChildRun[];
  /**
   * - `replays`: a worker of this installation does what the history says, and can go on from its end;
   * - `differs`: it would do something else, and a run with this history would stand still in its hands;
   * - `too-new`: a newer version made it, of which this one knows nothing;
   * - `gone`: the server has the history no more.
   */
  readonly verdict: 'replays' | 'differs' | 'too-new' | 'gone';
  /** Where it differs: the event that the history has and the replay has not. */
  readonly difference?: { readonly event: number; readonly recorded: string; readonly problem: string };
  /** `HistoryDiffers` or `HistoryTooNew`; where it is not one of these verdicts, absent. */
  readonly error?: SelvageError;
}

/**
 * Replays all executions of a run (of which it has several if it was continued as new or reset) from the server, and then those of its child
 * runs and of theirs, one after the other, with the workflows of this installation. Nothing is changed, no body runs, and no worker is needed: what a
 * new version would do with a run in flight can be tried before it is deployed.
 *
 * @param client of Temporal, such as `selvage.client`
 * @throws SelvageError `UnknownRun`, `ServerUnreachable`, `ForeignHistory` for a workflow that is none of Selvage's
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
        // Executions that resets began repeat what was before.
        if (!seen.has(child.temporalRunId)) open.push(child);
        seen.add(child.temporalRunId);
      }
      yield execution;
    }
  }
}

/**
 * Replays one history, as `temporal workflow show --output json` and Temporal's web page write it.
 *
 * @param json the parsed JSON
 * @throws SelvageError `FileNotLoadable` where it is no history, `ForeignHistory` where it is none of Selvage's
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
 * A run's first command is the answer of one of the interpreter's local activities; before that, nothing can be said. A child
 * run is known by its type.
 */
function requireOwn(history: History, runId: string): void {
  const events = history.events ?? [];
  const workflow = events[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name;
  if (workflow?.startsWith('selvage.')) return;
  const first = events.find((event) => commandOf(event) !== undefined);
  const type = localActivityType(first);
  if (!first || type === PIN_ACTIVITY || type === LAYOUT_ACTIVITY) return;
  throw new SelvageError(
    'ForeignHistory',
    `The workflow "${runId}" of type "${workflow}" is none of Selvage's: its first step is ${describeEvent(first)}, not that of a run. ` +
      'Replay it with the worker that has its code.',
    { details: { run: runId, workflow } },
  );
}

/** Events that stand for commands of the workflow name the task that sent them. */
function commandOf(event: HistoryEvent): object | undefined {
  const attributes = contentOf(event)?.attributes;
  return attributes &&
    'workflowTaskCompletedEventId' in attributes &&
    Number(attributes.workflowTaskCompletedEventId) > 0
    ? attributes
    : undefined;
}

const ATTRIBUTES = 'EventAttributes';

/** Of what kind an event is, such as `activityTaskScheduled`, and what it says; undefined of an event that says nothing. */
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
    // A marker of somebody else's making.
    return undefined;
  }
}

type Workflows = Pick<ReplayWorkerOptions, 'workflowBundle' | 'workflowsPath' | 'dataConverter'>;

/** Bundled once, not for each history. */
async function prepare({
  workflows = interpreterSource(),
  encryption = encryptionFromEnvironment(),
  dataConverter,
}: ReplayOptions): Promise<Workflows> {
  const { workflowsPath } = workflows;
  const converter = sealingConverter(dataConverter, encryption || undefined);
  const opening = converter && { dataConverter: converter };
  if (workflowsPath === undefined) return { ...workflows, ...opening };
  return {
    ...opening,
    workflowBundle: await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') }),
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
  const details = { run: runId, temporalRun: temporalRunId };
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
    'HistoryDiffers',
    `Event ${difference.event} of execution ${temporalRunId} of run "${runId}" is ${difference.recorded}; this version would do something ` +
      `else there: ${problem}. Let a worker of the version that made the history finish the run.`,
    { details: { ...details, ...difference } },
  );
  return { ...execution, verdict: 'differs', difference, error };
}

/** What stands in the way of these events, in the SDK's words; undefined where they replay. */
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
    // The message is Rust's rendering of the failure, in which the reason is one field.
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

/** A beginning of a history replays up to the event that does not, so that is the one to look for: by halves. */
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

/** `ActivityTaskScheduled of "add" as "answer"` */
function describeEvent(event: HistoryEvent): string {
  const { kind: name } = contentOf(event) ?? { kind: 'an event' };
  const kind = `${name[0]!.toUpperCase()}${name.slice(1)}`;
  const { activityType, activityId } = event.activityTaskScheduledEventAttributes ?? {};
  const local = localActivityType(event);
  if (activityType) return `${kind} of "${activityType.name}" as "${activityId}"`;
  return local === undefined ? kind : `${kind} of "${local}"`;
}
