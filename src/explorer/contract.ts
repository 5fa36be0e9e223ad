import type * as operations from '../operations';
import type { RunStatus } from '../authoring/outcome';
import type { GraphState } from '../authoring/run-graph';
import type { RecordedDeadLetter, StreamPartition, StreamState } from '../connection/stream-state';
import type { WorkerState } from '../connection/worker-state';
import type { EmitterReport } from '../deliveries/report';
import type { Elements } from '../operations/knots/elements';
import type { KnotView } from '../operations/knots/show';
import type { About, TapestryView } from '../operations/project/about';
import type { RunView } from '../operations/runs/show';
import type { ValueView } from '../operations/values/value-view';

/**
 * What the page reads and does, as plain JSON. Three sources answer it, so that the page is the same in all
 * of them: the server of `selvage ui` over HTTP, a file of `htmlForRun` or `htmlForTapestry`, and a capsule.
 * `Abilities` lists what a source can answer.
 * Over HTTP an operation of `src/operations` is at `api/v1/<noun>/<verb>`. Any other question is `GET api/<name>?q=<JSON>`, and an act `POST api/<name>` with JSON and the header
 * `x-selvage-action: 1`. `live` is `GET api/v1/live?after=<position>`: server-sent events, continued by
 * `Last-Event-ID`. Each message is a list of {@link LiveMessage} with a position as its id. The event `behind`
 * says that some were left out, so that the page must ask again for what it shows. A refusal is a
 * problem document (RFC 9457).
 * Times are milliseconds since the epoch here, and ISO 8601 text over HTTP (`values/answer-json.ts`). Pages are continued by `cursor`, which is absent on the last one.
 */
type TableQuestions = {
  [Name in operations.QuestionName]: { ask: operations.AskOf<Name>; answer: operations.AnswerOf<Name> };
};
type TableActs = {
  [Name in operations.ActName]: { ask: operations.AskOf<Name>; answer: operations.AnswerOf<Name> };
};

export type Questions = OtherQuestions & TableQuestions;

export interface OtherQuestions {
  schedules: { ask: Record<string, never>; answer: { items: ScheduleView[] } };
  partitions: { ask: { tapestry: string }; answer: PartitionsAnswer };
  /** With `truncated`, of those that the file does not declare only the ones of the newest starts. */
  triggers: { ask: Record<string, never>; answer: { items: TriggerView[]; truncated: boolean } };
  /** Events of a trigger that started no run: claimed but not started, or refused and put aside. */
  deadLetters: { ask: { trigger: string; cursor?: string }; answer: DeadLettersAnswer };
  /** With `truncated`, there are more queues, or unfinished runs that are not counted. */
  workers: { ask: Record<string, never>; answer: { items: QueueView[]; truncated: boolean } };
  /** Who hears of runs. */
  emitters: { ask: Record<string, never>; answer: { items: EmitterReport[] } };
  /** Events that an emitter gave up. */
  emitterLetters: { ask: { emitter: string; cursor?: string }; answer: EmitterLettersAnswer };
  /** Pipelines that never end. */
  streams: { ask: Record<string, never>; answer: { items: StreamView[] } };
  /** How far a stream is, by partition, and the elements that failed. */
  stream: { ask: { stream: string }; answer: StreamAnswer };
}

export type Acts = TableActs;

export type QuestionName = keyof Questions;
export type ActName = keyof Acts;

/** An event of `live`. It says only where data has changed; the page asks again for what it shows. */
export interface LiveMessage {
  readonly kind: 'run-started' | 'knot-finished' | 'run-ended';
  readonly runId: string;
  readonly temporalRunId: string;
  readonly tapestry: string;
  /** For `knot-finished`: the id of the knot or element, and its state as in a graph. */
  readonly knotId?: string;
  readonly state?: GraphState;
  /** For `run-ended`. */
  readonly status?: RunStatus;
  readonly at: number;
}

export interface ScheduleView {
  readonly id: string;
  readonly tapestry: string;
  readonly description: string;
  readonly timezone: string;
  readonly paused: boolean;
  readonly note?: string;
  readonly nextAt: readonly number[];
  readonly last: readonly { readonly runId: string; readonly at: number }[];
  readonly overlap: string;
}

export interface PartitionsAnswer {
  readonly tapestry: string;
  readonly items: readonly {
    readonly key: string;
    /** `missing`, `running`, `ok`, `stale`, `failed`. */
    readonly state: string;
    readonly runId?: string;
    readonly reasons: readonly string[];
  }[];
}

export interface TriggerView {
  readonly name: string;
  readonly kind: string;
  readonly tapestry?: string;
  readonly state?: string;
  /** Events that started a run, and those that were claimed for one; with `atLeast`, at least as many. */
  readonly startedCount: number;
  readonly pendingCount: number;
  readonly atLeast: { readonly startedCount: boolean; readonly pendingCount: boolean };
  readonly lastAt?: number;
}

export interface DeadLettersAnswer {
  readonly items: readonly {
    readonly key: string;
    readonly at: number;
    readonly reason: string;
    readonly link: Readonly<Record<string, string | number>>;
  }[];
  readonly cursor?: string;
}

/** A worker that polls. All but its identity it has told the server itself, some seconds after its start. */
export type WorkerView = Pick<WorkerState, 'identity'> & Partial<WorkerState>;

export interface EmitterLettersAnswer {
  readonly items: readonly {
    readonly eventId: string;
    readonly runId: string;
    readonly knotId?: string;
    readonly reason: string;
    readonly at: number;
    readonly redriven: boolean;
  }[];
  readonly cursor?: string;
}

export interface StreamView extends Omit<StreamState, 'checkpoint'> {
  /** Value of `trigger` of its runs. */
  readonly trigger: string;
}

export interface StreamAnswer extends Pick<StreamState, 'gaps'> {
  /** The first of them by name. */
  readonly partitions: { readonly items: readonly StreamPartition[]; readonly total: number };
  /** The newest of each kind. */
  readonly deadLetters: { readonly items: readonly RecordedDeadLetter[] };
}

export interface QueueView {
  readonly taskQueue: string;
  readonly tapestries: readonly string[];
  readonly workers: readonly WorkerView[];
  readonly lastPollAt?: number;
  /** Number of unfinished runs. */
  readonly running: number;
}

/**
 * The data in a file of `htmlForRun`, `htmlForTapestry` or a capsule: gzip, base64, in a
 * `<script type="application/octet-stream">`.
 */
export interface EmbeddedDocument {
  readonly format: 1;
  readonly kind: 'tapestry' | 'run' | 'capsule';
  readonly about: About;
  readonly run?: RunView;
  readonly tapestry?: TapestryView;
  /** By knot id; in a capsule, also by element of a map. */
  readonly knots?: Readonly<Record<string, KnotView>>;
  /** By id of the map: all elements that the file contains. */
  readonly elements?: Readonly<Record<string, Elements>>;
  /** The runs that its knots started, those that they started, and so on. */
  readonly nested?: readonly EmbeddedRun[];
  /** By hash. */
  readonly values?: Readonly<Record<string, ValueView>>;
}

/** A nested run in a file. */
export interface EmbeddedRun {
  readonly run: RunView;
  readonly knots: Readonly<Record<string, KnotView>>;
  readonly elements: Readonly<Record<string, Elements>>;
}

/** Where the page gets its answers from. */
export interface Source {
  ask<Name extends QuestionName>(
    name: Name,
    ask: Questions[Name]['ask'],
    signal?: AbortSignal,
  ): Promise<Questions[Name]['answer']>;
  act<Name extends ActName>(name: Name, ask: Acts[Name]['ask']): Promise<Acts[Name]['answer']>;
  /**
   * Calls back with each batch of events after a position, until the returned function is called. `behind`
   * says that events were left out: ask again for what is shown. The next batch continues from there.
   */
  live(
    after: string | undefined,
    on: (events: readonly LiveMessage[], position: string) => void,
    onState?: (state: 'live' | 'lost' | 'behind') => void,
  ): () => void;
}
