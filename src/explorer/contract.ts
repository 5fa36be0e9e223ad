import type * as operations from '../operations';
import type { ActName, QuestionName } from '../operations';
import type { LiveMessage } from '../operations/live-feed';
import type { Elements } from '../operations/knots/elements';
import type { KnotView } from '../operations/knots/show';
import type { About } from '../operations/project/about';
import type { TapestryView } from '../operations/tapestries/view';
import type { TableFileAsk } from '../operations/tables/download';
import type { RunView } from '../operations/runs/show';
import type { ValueView } from '../operations/values/value-view';

/**
 * The page's questions and acts as plain JSON. Three sources answer alike: the server of `selvage ui` over HTTP, a
 * file of `htmlForRun` or `htmlForTapestry`, and a capsule. `Abilities` lists what a source supports.
 * Over HTTP, an operation is at `api/v1/<noun>/<verb>`; an act has the header `x-selvage-action: 1`. A refusal is
 * a problem document (RFC 9457). `GET api/v1/live?after=<position>` is a stream of server-sent events, continued by
 * `Last-Event-ID`. Each message is a list of {@link LiveMessage} with a position as its id. The event `behind` reports
 * omitted events; ask again after it. Times are milliseconds since the epoch here, and ISO 8601 over HTTP
 * (`values/answer-json.ts`). `cursor` continues a list; the last page has none.
 */
type InTable<Names extends operations.OperationName> = {
  [Name in Names]: { ask: operations.AskOf<Name>; answer: operations.AnswerOf<Name> };
};
export type Questions = InTable<QuestionName>;
export type Acts = InTable<ActName>;

export type { ActName, LiveMessage, QuestionName };

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
  /** Details by knot id; in a capsule, also by element of a map. */
  readonly knots?: Readonly<Record<string, KnotView>>;
  /** All elements of maps in the file, by id of the map. */
  readonly elements?: Readonly<Record<string, Elements>>;
  /** Runs that the run's knots started, at any depth. */
  readonly nested?: readonly EmbeddedRun[];
  /** By hash. */
  readonly values?: Readonly<Record<string, ValueView>>;
}

/** A run in a file that a knot of the file's run started. */
export interface EmbeddedRun {
  readonly run: RunView;
  readonly knots: Readonly<Record<string, KnotView>>;
  readonly elements: Readonly<Record<string, Elements>>;
}

/** Answers the page's questions. */
export interface Source {
  ask<Name extends QuestionName>(
    name: Name,
    ask: Questions[Name]['ask'],
    signal?: AbortSignal,
  ): Promise<Questions[Name]['answer']>;
  act<Name extends ActName>(name: Name, ask: Acts[Name]['ask']): Promise<Acts[Name]['answer']>;
  /** A table as a file. */
  tableFile(ask: TableFileAsk): Promise<Blob>;
  /**
   * Calls back with each batch of events after a position, until the returned function is called. If events were left
   * out, `behind` is set: ask again; the next batch continues after the omitted events.
   */
  live(
    after: string | undefined,
    on: (events: readonly LiveMessage[], position: string) => void,
    onState?: (state: 'live' | 'lost' | 'behind') => void,
  ): () => void;
}
