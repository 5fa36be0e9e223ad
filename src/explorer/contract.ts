import type * as operations from '../operations';
import type { ActName, QuestionName } from '../operations';
import type { LiveMessage } from '../operations/live-feed';
import type { Elements } from '../operations/knots/elements';
import type { KnotView } from '../operations/knots/show';
import type { About } from '../operations/project/about';
import type { TapestryView } from '../operations/tapestries/view';
import type { RunView } from '../operations/runs/show';
import type { ValueView } from '../operations/values/value-view';

/**
 * What the page reads and does, as plain JSON. Three sources answer it, so that the page is the same in all
 * of them: the server of `selvage ui` over HTTP, a file of `htmlForRun` or `htmlForTapestry`, and a capsule.
 * `Abilities` lists what a source can answer.
 * Over HTTP an operation of `src/operations` is at `api/v1/<noun>/<verb>`; an act has the header `x-selvage-action: 1`. `live` is `GET api/v1/live?after=<position>`: server-sent events, continued by
 * `Last-Event-ID`. Each message is a list of {@link LiveMessage} with a position as its id. The event `behind`
 * says that some were left out, so that the page must ask again for what it shows. A refusal is a
 * problem document (RFC 9457).
 * Times are milliseconds since the epoch here, and ISO 8601 text over HTTP (`values/answer-json.ts`). Pages are continued by `cursor`, which is absent on the last one.
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
