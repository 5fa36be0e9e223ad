/* eslint-disable max-lines -- all that the page and its sources say to each other, as one list */
import type { Json } from '../values';
import type * as operations from '../operations';
import type { OutcomeKind, RunStatus } from '../authoring/outcome';
import type { GraphState, RunGraph } from '../authoring/run-graph';
import type { RecordedDeadLetter, StreamPartition, StreamState } from '../connection/stream-state';
import type { WaitingKnot, WorkflowTaskState } from '../connection/waiting';
import type { WorkerState } from '../connection/worker-state';
import type { EmitterReport } from '../deliveries/report';
import type { Stats } from '../records/questions/statistics';

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
  about: { ask: Record<string, never>; answer: About };
  runs: { ask: RunsAsk; answer: RunsAnswer };
  /** Runs × knots of one tapestry, newest run first. */
  grid: { ask: { tapestry: string; limit?: number; cursor?: string }; answer: GridAnswer };
  run: { ask: { runId: string }; answer: RunView };
  /**
   * Why an unfinished run has not ended. Slower than the rest of `run`, because it asks the server and a
   * worker.
   */
  waiting: { ask: { runId: string }; answer: Pick<RunView, 'waiting' | 'workflowTask'> };
  knot: { ask: { runId: string; knotId: string }; answer: KnotView };
  elements: { ask: ElementsAsk; answer: ElementsAnswer };
  value: { ask: ValueAsk; answer: ValueView };
  /** Every run that made or used a value. */
  uses: { ask: { hash: string; cursor?: string }; answer: UsesAnswer };
  /** `why`: what the value was made of; `impact`: what was made of it. */
  walk: { ask: { hash: string; direction: 'why' | 'impact'; runId?: string }; answer: WalkAnswer };
  compare: { ask: { first: string; second: string }; answer: Comparison };
  schedules: { ask: Record<string, never>; answer: { items: ScheduleView[] } };
  partitions: { ask: { tapestry: string }; answer: PartitionsAnswer };
  /** With `truncated`, of those that the file does not declare only the ones of the newest starts. */
  triggers: { ask: Record<string, never>; answer: { items: TriggerView[]; truncated: boolean } };
  /** Events of a trigger that started no run: claimed but not started, or refused and put aside. */
  deadLetters: { ask: { trigger: string; cursor?: string }; answer: DeadLettersAnswer };
  /** With `truncated`, there are more queues, or unfinished runs that are not counted. */
  workers: { ask: Record<string, never>; answer: { items: QueueView[]; truncated: boolean } };
  /** How often what finished lately failed, how long it took, and what became worse. */
  stats: { ask: { by: StatsGroup; last: StatsWindow }; answer: StatsAnswer };
  /** Who hears of runs. */
  emitters: { ask: Record<string, never>; answer: { items: EmitterReport[] } };
  /** Events that an emitter gave up. */
  emitterLetters: { ask: { emitter: string; cursor?: string }; answer: EmitterLettersAnswer };
  /** Pipelines that never end. */
  streams: { ask: Record<string, never>; answer: { items: StreamView[] } };
  /** How far a stream is, by partition, and the elements that failed. */
  stream: { ask: { stream: string }; answer: StreamAnswer };
  /** Signals that runs wait for. */
  approvals: { ask: { cursor?: string }; answer: ApprovalsAnswer };
  /** For the palette: runs, knots, tapestries and values whose names or hashes match the typed text. */
  find: { ask: { text: string; limit?: number }; answer: { items: Found[] } };
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

export interface About {
  readonly version: string;
  /** The project's name, for the title. */
  readonly project: string;
  /** Absent in a file, and until the server was reached. */
  readonly server?: { readonly address: string; readonly namespace: string; readonly temporalUi?: string };
  /**
   * Absent in a file. While `connecting` or `unreachable`, answers come from the records alone, nothing says why a
   * run waits, and acts wait or are refused.
   */
  readonly serverState?: 'connecting' | 'connected' | 'unreachable';
  readonly abilities: Abilities;
  /**
   * Later answers are at least as new as this position of the feed: `GET api/v1/live?after=` continues from it.
   * Absent where nothing changes.
   */
  readonly position?: string;
  /** The tapestries of the page's file, with what forms need. */
  readonly tapestries: readonly TapestryView[];
}

export interface Abilities {
  /** Whether the caller may act: it has the token, and the page is not read-only. */
  readonly act: boolean;
  readonly readOnly: boolean;
  readonly live: boolean;
  /** The pages that have data. */
  readonly pages: readonly PageName[];
}

export type PageName =
  | 'runs'
  | 'run'
  | 'compare'
  | 'value'
  | 'schedules'
  | 'partitions'
  | 'triggers'
  | 'workers'
  | 'waiting'
  | 'stats'
  | 'emitters'
  | 'streams'
  | 'approvals'
  | 'tapestry';

export type StatsGroup = 'definition' | 'tapestry';
export type StatsWindow = '24h' | '7d';

export interface StatsAnswer extends Stats {
  /** The number of names, which may be more than there are items. */
  readonly total: number;
}

export interface TapestryView {
  readonly name: string;
  readonly description?: string;
  readonly graph: RunGraph;
  /** A parameter whose schema JSON Schema cannot express has `{}`. */
  readonly parameters: readonly ParameterView[];
  readonly partitioned: boolean;
}

export interface ParameterView {
  readonly name: string;
  readonly schema: Json;
  readonly required: boolean;
  readonly default?: Json;
}

export interface RunsAsk {
  readonly tapestry?: string;
  /** Runs in which a knot of this definition finished from `since` until `until`, as they are on record; latest first. */
  readonly definition?: string;
  /** Of these, those in which it had this outcome. */
  readonly outcome?: OutcomeKind;
  readonly status?: RunStatus;
  readonly actor?: string;
  readonly trigger?: string;
  readonly tag?: string;
  readonly partition?: string;
  readonly since?: number;
  readonly until?: number;
  readonly limit?: number;
  readonly cursor?: string;
}

export interface RunsAnswer {
  readonly items: readonly RunSummary[];
  readonly cursor?: string;
}

export interface RunSummary {
  readonly runId: string;
  readonly temporalRunId: string;
  readonly tapestry: string;
  readonly status: RunStatus;
  /** Absent: a worker has started it. */
  readonly started?: false;
  readonly startedAt: number;
  readonly finishedAt?: number;
  readonly counts?: { readonly ok: number; readonly err: number; readonly skipped: number };
  readonly actor?: string;
  readonly trigger?: string;
  readonly triggerKey?: string;
  readonly partition?: string;
  readonly tags: readonly string[];
  readonly error?: { readonly type: string; readonly message: string };
}

export interface GridAnswer {
  /** Ids of knots, in the order of the newest plan. */
  readonly knots: readonly string[];
  readonly items: readonly (RunSummary & {
    /** One character per knot: `o` ok, `h` reused, `e` err, `s` skipped, `r` running or waiting, ` ` none. */
    readonly cells: string;
  })[];
  readonly cursor?: string;
}

export interface RunView {
  readonly run: RunSummary & {
    readonly planHash: string;
    readonly parentRunId?: string;
    readonly parentKnotId?: string;
    readonly resumedFrom?: string;
    /** The runs that resumed it, in the order of the requests. */
    readonly resumedAs?: readonly { readonly runId: string; readonly status: RunStatus }[];
    readonly vcsCommit?: string;
    readonly event?: Readonly<Record<string, string | number>>;
  };
  readonly graph: RunGraph;
  /**
   * Why unfinished knots wait, by knot id; see `WaitingKnot`. Absent if the run is over or it cannot be
   * determined.
   */
  readonly waiting?: Readonly<Record<string, WaitingKnot>>;
  /** Why the run as a whole makes no progress. */
  readonly workflowTask?: WorkflowTaskState;
  /** The tapestry's runs before and after this one. */
  readonly previousRunId?: string;
  readonly nextRunId?: string;
  /** The answer is at least as new as this position of the feed: `live` continues from it. */
  readonly position?: string;
}

export interface KnotView {
  readonly knotId: string;
  readonly state?: GraphState;
  readonly waiting?: WaitingKnot;
  readonly inputs: readonly InputView[];
  readonly error?: ErrorView;
  /**
   * Whether its value was reused, and a sentence that says why or why not. Absent if the knot is not cached.
   */
  readonly cache?: {
    readonly reused: boolean;
    readonly explanation: string;
    readonly runId?: string;
    readonly knotId?: string;
  };
  /** The end of what its body logged. */
  readonly log?: { readonly hash: string; readonly text: string; readonly truncated: boolean };
  readonly codeHash?: string;
  readonly dispatcher?: string;
  /** The body host that called its body. */
  readonly host?: string;
  readonly taskQueue?: string;
  /** For a knot that waits for a signal: the schema of the payload. */
  readonly signalSchema?: Json;
}

export interface InputView {
  readonly name: string;
  /** Absent for a constant. */
  readonly knotId?: string;
  readonly hash?: string;
}

export interface ErrorView {
  readonly type: string;
  readonly message: string;
  readonly traceback: string;
  /** `file:line:column`. */
  readonly at?: string;
  readonly cause?: ErrorView;
  readonly errors?: readonly ErrorView[];
}

export interface ElementsAsk {
  readonly runId: string;
  readonly map: string;
  readonly outcome?: OutcomeKind;
  /** Index of the first element to return, where there is no `cursor`. */
  readonly from?: number;
  readonly limit?: number;
  readonly cursor?: string;
}

export interface ElementsAnswer {
  /** Number of all elements. */
  readonly total: number;
  readonly counts: {
    readonly ok: number;
    readonly err: number;
    readonly skipped: number;
    readonly reused: number;
  };
  /**
   * At most 200 cells, each for `total / cells` elements: `o`, `h`, `e` (if any failed), `s`, ` ` (if some
   * are missing).
   */
  readonly strip: string;
  readonly items: readonly { readonly id: string; readonly index: number; readonly state: GraphState }[];
  readonly cursor?: string;
}

export interface ValueAsk {
  readonly hash: string;
  /** The run whose key decrypts the value, where values are sealed for subjects. */
  readonly runId?: string;
  /** Path into the value: names and indexes. */
  readonly path?: readonly (string | number)[];
  /** First item of a list, row of a table, character of a text or byte to return. */
  readonly from?: number;
  /** The form to return. Default: the one that shows most of the value. */
  readonly as?: 'json' | 'text' | 'bytes';
}

/**
 * A preview of at most 256 KiB; for an image, 2 MiB. `json` is as the codec writes it: what JSON cannot
 * express is an object with `$type` (`date`, `bytes`, `bigint`, `number`, `undefined`, `map`, `set`,
 * `stored`, `class:<name>`, `object`) and `value`.
 */
export type ValueView =
  | {
      readonly form: 'json';
      readonly hash: string;
      readonly size: number;
      readonly json: Json;
      readonly truncated: boolean;
    }
  | {
      readonly form: 'text';
      readonly hash: string;
      readonly size: number;
      readonly text: string;
      readonly truncated: boolean;
    }
  | {
      readonly form: 'image';
      readonly hash: string;
      readonly size: number;
      readonly mediaType: string;
      readonly base64: string;
    }
  | { readonly form: 'table'; readonly hash: string; readonly size: number; readonly table: TableView }
  | {
      readonly form: 'bytes';
      readonly hash: string;
      readonly size: number;
      readonly mediaType?: string;
      readonly hex: string;
    }
  /**
   * `code` is `ValueMissing`, `SubjectForgotten`, `KeyMissing`, `Redacted`, `NotKept`, `BackendUnavailable`
   * or another error code.
   */
  | { readonly form: 'none'; readonly hash: string; readonly code: string; readonly message: string };

export interface TableView {
  readonly rows: number;
  readonly columns: readonly ColumnView[];
  /** Index of the first row. */
  readonly from: number;
  /**
   * At most 100 rows, with cells in the order of the columns. An absent cell is null; the column counts it as
   * `missing`.
   */
  readonly cells: readonly (readonly Json[])[];
}

export interface ColumnView {
  readonly name: string;
  readonly type: 'number' | 'text' | 'boolean' | 'time' | 'mixed' | 'nested';
  readonly missing: number;
  readonly distinct?: number;
  readonly min?: number | string;
  readonly max?: number | string;
  readonly mean?: number;
  /** For numbers: the counts of ten equal ranges from `min` to `max`. */
  readonly histogram?: readonly number[];
  /** For texts: the most frequent ones, at most five. */
  readonly top?: readonly (readonly [text: string, count: number])[];
}

export interface UsesAnswer {
  readonly hash: string;
  readonly items: readonly UseView[];
  readonly cursor?: string;
}

export interface UseView {
  readonly runId: string;
  readonly tapestry: string;
  readonly knotId: string;
  readonly role: 'produced' | 'reused' | 'parameter' | 'consumed';
  readonly at: number;
}

export interface WalkAnswer {
  readonly hash: string;
  /** In the order of the walk; `depth` counts from 0. */
  readonly items: readonly {
    readonly depth: number;
    readonly runId: string;
    readonly knotId: string;
    readonly definition?: string;
    readonly outputHash?: string;
    readonly through?: string;
    readonly at: number;
  }[];
  readonly truncated: boolean;
}

/**
 * How a knot of two runs compares. `same`: equal hashes; each other value names the first thing that differs.
 */
export type Likeness =
  'same' | 'hash' | 'code' | 'config' | 'outcome' | 'only-first' | 'only-second' | 'not-run';

export interface Comparison {
  readonly first: RunSummary;
  readonly second: RunSummary;
  /**
   * Both runs: the knots of the first, then those that only the second has. States are the second run's, or
   * else the first's.
   */
  readonly graph: RunGraph;
  /** The knots that are not the same, in the order of the graph. */
  readonly items: readonly {
    readonly knotId: string;
    readonly likeness: Exclude<Likeness, 'same'>;
    readonly explanation?: string;
  }[];
  /** Id of the first knot that differs although none of its parents does. */
  readonly firstDifferent?: string;
  readonly explanation: string;
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

export interface ApprovalsAnswer {
  readonly items: readonly {
    readonly runId: string;
    readonly tapestry: string;
    readonly knotId: string;
    readonly signal: string;
    readonly since?: number;
    readonly until?: number;
    readonly summary?: string;
    /** The schema of the payload; `{}` where JSON Schema cannot express it. */
    readonly schema: Json;
  }[];
  readonly cursor?: string;
}

export type Found =
  | { readonly kind: 'run'; readonly runId: string; readonly tapestry: string; readonly status: RunStatus }
  | { readonly kind: 'tapestry'; readonly tapestry: string }
  | { readonly kind: 'knot'; readonly runId: string; readonly knotId: string }
  | { readonly kind: 'value'; readonly hash: string };

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
  readonly elements?: Readonly<Record<string, ElementsAnswer>>;
  /** The runs that its knots started, those that they started, and so on. */
  readonly nested?: readonly EmbeddedRun[];
  /** By hash. */
  readonly values?: Readonly<Record<string, ValueView>>;
}

/** A nested run in a file. */
export interface EmbeddedRun {
  readonly run: RunView;
  readonly knots: Readonly<Record<string, KnotView>>;
  readonly elements: Readonly<Record<string, ElementsAnswer>>;
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
