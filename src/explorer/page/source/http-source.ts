import type { ProblemDocument } from '../../../api/problem-document';
import type { ActName, Acts, LiveMessage, QuestionName, Questions, Source } from '../../contract';
import type { TableFileAsk } from '../../../operations/tables/download';
import { fromAnswerJson } from '../../../values/answer-json';
import { backOff, type BackOff } from '../../../values/back-off';
import { pathOf } from '../../../operations/operation';
import { requestOf } from '../../../operations/request';
import { coalesce } from './coalesce';
import { SourceError } from './source-error';

const EVERY_MS = 50;
/** Back-off of reconnections, whose random part keeps all pages from calling a returning server at once. */
export const RECONNECT: BackOff = { base: 500, max: 30_000, jitter: 0.5 };

export class HttpSource implements Source {
  constructor(private readonly base: string) {}

  async ask<Name extends QuestionName>(
    name: Name,
    ask: Questions[Name]['ask'],
    signal?: AbortSignal,
  ): Promise<Questions[Name]['answer']> {
    const { path, body } = requestOf(name, ask);
    const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
    const options = body === undefined ? {} : post;
    return (await this.request(path, { ...options, signal: signal ?? null })) as Questions[Name]['answer'];
  }

  async act<Name extends ActName>(name: Name, ask: Acts[Name]['ask']): Promise<Acts[Name]['answer']> {
    return (await this.request(pathOf(name), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-selvage-action': '1' },
      body: JSON.stringify(ask),
    })) as Acts[Name]['answer'];
  }

  async tableFile(ask: TableFileAsk): Promise<Blob> {
    const named = Object.entries(ask).filter((pair): pair is [string, string] => pair[1] !== undefined);
    const query = new URLSearchParams(named);
    return await this.read(`tables/file?${query}`, {}, (response) => response.blob());
  }

  /** Browsers reconnect by themselves, but give up after a 503; then this reconnects from the last position. */
  live(
    after: string | undefined,
    on: (events: readonly LiveMessage[], position: string) => void,
    onState?: (state: 'live' | 'lost' | 'behind') => void,
  ): () => void {
    let position = after;
    let failures = 0;
    let stream: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const gathered = coalesce<LiveMessage>((events) => on(events, position ?? ''), EVERY_MS, {
      set: (call, ms) => setTimeout(call, ms),
      clear: (one) => clearTimeout(one as ReturnType<typeof setTimeout>),
    });

    const onMessage = ({ data, lastEventId }: MessageEvent<string>): void => {
      position = lastEventId;
      for (const event of fromAnswerJson(JSON.parse(data)) as LiveMessage[]) gathered.add(event);
    };
    const onBehind = ({ lastEventId }: MessageEvent<string>): void => {
      position = lastEventId;
      onState?.('behind');
    };
    const open = (): void => {
      timer = undefined;
      const query = position === undefined ? '' : `?after=${encodeURIComponent(position)}`;
      stream = new EventSource(`${this.base}api/v1/live${query}`);
      stream.onopen = () => {
        failures = 0;
        onState?.('live');
        // Without a position, the events before the connection are unknown.
        if (position === undefined) onState?.('behind');
      };
      stream.onmessage = onMessage;
      stream.addEventListener('behind', onBehind);
      stream.onerror = () => {
        onState?.('lost');
        if (stream?.readyState !== EventSource.CLOSED) return;
        stream.close();
        timer = setTimeout(open, backOff(RECONNECT, failures++, Math.random()));
      };
    };
    const onShown = (): void => {
      if (!document.hidden) gathered.flush();
    };
    document.addEventListener('visibilitychange', onShown);
    open();
    return () => {
      document.removeEventListener('visibilitychange', onShown);
      clearTimeout(timer);
      stream?.close();
      gathered.close();
    };
  }

  private async request(path: string, options: RequestInit): Promise<unknown> {
    return fromAnswerJson(await this.read(path, options, (response) => response.json()));
  }

  /** Reads an answer with `read`; a refusal is an error. */
  private async read<Body>(
    path: string,
    options: RequestInit,
    read: (response: Response) => Promise<Body>,
  ): Promise<Body> {
    let response: Response;
    try {
      response = await fetch(`${this.base}api/v1/${path}`, { ...options, credentials: 'same-origin' });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new SourceError(
        'UiOffline',
        'The server of this page does not answer. Start `selvage ui` or `selvage dev` again if it has ended.',
      );
    }
    let problem: Partial<ProblemDocument>;
    try {
      if (response.ok) return await read(response);
      problem = (await response.json()) as Partial<ProblemDocument>;
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new SourceError(
        'AnswerUnreadable',
        `The server's answer, with the status ${response.status}, could not be read.`,
        undefined,
        response.status,
      );
    }
    const { code, detail, details, type } = problem;
    throw new SourceError(
      code ?? 'AnswerUnreadable',
      detail ?? `The server answered ${response.status}.`,
      details,
      response.status,
      type,
    );
  }
}
