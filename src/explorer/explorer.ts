import { oneLineOf } from '../runtime';
import type { LoggerLike } from '../authoring/knot-context';
import type { ProjectData } from '../operations/surroundings';
import type { Guard } from '../api/guard';
import { PageHandler } from './http/handler';
import { isFollowed, LiveFeed } from '../operations/live-feed';
import { Plans } from '../operations/plans';

export interface ExplorerSurroundings extends Omit<ProjectData, 'plans' | 'live'> {
  readonly guard: Guard;
  readonly basePath: string;
  /** Receives failures to answer. */
  readonly logger: LoggerLike;
}

/** The page's data and acts, independent of how requests arrive. */
export class Explorer {
  readonly #closing = new AbortController();
  readonly #data: ProjectData;
  readonly #handler: PageHandler;

  constructor({ guard, basePath, logger, ...data }: ExplorerSurroundings) {
    const { backends } = data;
    const plans = new Plans(backends);
    const { runHistory } = backends;
    this.#data = {
      ...data,
      plans,
      ...(isFollowed(runHistory) && { live: new LiveFeed(runHistory, backends, plans) }),
    };
    this.#handler = new PageHandler(this.#data, {
      guard,
      basePath,
      closing: this.#closing.signal,
      onAct: (act) =>
        logger.info(
          act,
          `${act.actor ?? 'somebody'} asked for ${act.act}${act.from === undefined ? '' : ` from ${act.from}`}${act.refused === undefined ? '' : `: refused (${act.refused})`}`,
        ),
      onFailure: (err) => logger.warn({ err }, `the page could not answer a question: ${oneLineOf(err)}`),
    });
  }

  async fetch(request: Request, mountedAt?: string): Promise<Response> {
    return await this.#handler.fetch(request, mountedAt);
  }

  /** Ends all streams of events. Backends and client stay open. */
  close(): void {
    this.#closing.abort();
    this.#data.live?.close();
  }
}
