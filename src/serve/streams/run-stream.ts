import type { Tapestry } from '../../authoring';
import { Selvage, type OpenOptions } from '../../client';
import { isDebug, lineLogger } from '../../connection/log-line';
import { stream, type AnySource, type StreamOptions } from '../../streams';
import { STREAM_CHECKS } from '../../streams/declaration';
import { writeErrorLine } from '../../node/terminal';
import { StreamHost, workerOfStreams, type StreamEnd } from './serve-stream';

/** Options of the stream, and of the client and worker that {@link runStream} opens. */
export interface RunStreamOptions<Value = unknown, Values extends object = Record<string, unknown>>
  extends StreamOptions<Value, Values>, Omit<OpenOptions, 'tapestries' | 'taskQueue' | 'taskQueues'> {
  /** Aborting this signal ends the call after all read elements are finished. The stream continues elsewhere. */
  readonly signal?: AbortSignal;
}

/**
 * Gives each element of a source to a run of the tapestry, and works for these runs, until the source ends or the
 * stream is drained. The stream is a durable workflow: after a crash, the next call continues it, here or
 * elsewhere, and each element has one run.
 *
 * @throws SelvageError as `stream` and `Selvage.open`; `StreamStopped`
 */
export async function runStream<Value, Parameters extends object, Values extends object>(
  source: AnySource<Value>,
  tapestry: Tapestry<Parameters, Values>,
  options: RunStreamOptions<Value, Values>,
): Promise<StreamEnd> {
  const { signal, ...given } = options;
  const own: Record<string, unknown> = {};
  const others: Record<string, unknown> = { ...given };
  for (const name of Object.keys(STREAM_CHECKS)) {
    if (name in others) own[name] = others[name];
    delete others[name];
  }
  const declaration = stream(source, tapestry, own as unknown as StreamOptions<Value, Values>);
  const open = others as Omit<OpenOptions, 'tapestries'>;
  const logger =
    open.logger ?? lineLogger(writeErrorLine, { format: 'text', runs: false, isVerbose: isDebug });
  const host = new StreamHost([declaration], logger);
  const selvage = await Selvage.open({
    ...open,
    ...workerOfStreams([declaration]),
    workerOptions: {
      ...open.workerOptions,
      activities: { ...open.workerOptions?.activities, ...host.activities },
    },
  });
  try {
    const started = (await host.start(selvage)).get(declaration.id)!;
    let stop = (): void => undefined;
    const stopped = new Promise<'stopped'>((resolve) => {
      stop = () => resolve('stopped');
      if (signal?.aborted) stop();
      signal?.addEventListener('abort', stop, { once: true });
    });
    try {
      const end = await Promise.race([
        started.ended,
        stopped,
        selvage.workerEnded.then(() => 'stopped' as const),
      ]);
      if (end !== 'stopped') return end;
      await host.stop();
      return { reason: 'stopped', ...(await started.counts()) };
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  } finally {
    await host.stop();
    await selvage.close();
  }
}
