import { answerJson } from '../values/answer-json';
import type { LiveBatch, LiveFeed } from '../operations/live-feed';

/** Milliseconds between comments, which keep proxies from closing the connection and show the client that it works. */
const BEAT_MS = 15_000;
/** Most bytes that wait for a client; a client that reads more slowly is told to ask again. */
const MOST_WAITING_BYTES = 512 * 1024;
const RETRY_MS = 1_000;

const encoder = new TextEncoder();

/** Server-sent events after a position, until the signal aborts or the client leaves. */
export function liveStream(
  feed: LiveFeed,
  after: string | undefined,
  signal: AbortSignal,
): ReadableStream<Uint8Array> {
  let unlisten: (() => void) | undefined;
  let beat: NodeJS.Timeout | undefined;
  let isEnded = false;
  let pull: (() => void) | undefined;
  const waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  const end = (): void => {
    isEnded = true;
    clearInterval(beat);
    unlisten?.();
    waiting.length = 0;
  };
  return new ReadableStream<Uint8Array>(
    {
      async start(controller) {
        const flush = (): void => {
          while (!isEnded && waiting.length > 0 && (controller.desiredSize ?? 0) > 0) {
            const frame = waiting.shift()!;
            waitingBytes -= frame.byteLength;
            controller.enqueue(frame);
          }
        };
        const send = (text: string): void => {
          if (isEnded) return;
          const frame = encoder.encode(text);
          waiting.push(frame);
          waitingBytes += frame.byteLength;
          flush();
        };
        const behind = (position: string): void => {
          waiting.length = 0;
          waitingBytes = 0;
          send(frameOf(position, '[]', 'behind'));
        };
        const tell = ({ position, events }: LiveBatch): void => {
          if (waitingBytes > MOST_WAITING_BYTES) behind(position);
          else send(frameOf(position, JSON.stringify(answerJson(events))));
        };
        const close = (): void => {
          if (isEnded) return;
          end();
          controller.close();
        };
        pull = flush;
        if (signal.aborted) return close();
        signal.addEventListener('abort', close, { once: true });
        send(`retry: ${RETRY_MS}\n\n`);
        beat = setInterval(() => send(':\n\n'), BEAT_MS).unref();
        try {
          unlisten = await feed.listen(after, { tell, skipped: behind });
        } catch (error) {
          end();
          throw error;
        }
        if (isEnded) unlisten();
      },
      pull: () => pull?.(),
      cancel: end,
    },
    { highWaterMark: 2 },
  );
}

/** Positions and JSON contain no line breaks. A frame without an event name is a plain message. */
function frameOf(position: string, data: string, event?: string): string {
  return `id: ${position}\n${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`;
}
