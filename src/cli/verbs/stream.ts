import { valued, type Chosen } from '../options/option';
import { JSON_DOCUMENT, SERVER } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import { plural } from '../output/format';
import type { Output } from '../output/output';
import { hasResult, workFor } from '../process/early-end';
import { Interruption } from '../process/interruption';
import { verb } from '../table/verb';

const OPTIONS = {
  id: valued<readonly string[]>('<ids...>', 'only these streams of the file'),
  ...JSON_DOCUMENT,
  ...SERVER,
};

export const addStream = verb({
  name: 'stream',
  summary: 'give the elements of a source to runs, one after another',
  description:
    'Starts a run for each element of the streams that a file exports, and works for these runs. Ends when the sources end, the streams are drained, ' +
    'or it is told to stop. A stream goes on where it was, however the process before ended. A second process of one stream stands by, and works for its runs.',
  arguments: { '<file>': 'file that exports streams' },
  options: OPTIONS,
  after: `
Ctrl-C or SIGTERM: nothing more is read, what was read is finished, and the stream waits for the next process.

Exit codes: 0 ended, drained or told to stop; 1 a stream has failed; 2 usage.

Examples:
  $ selvage stream logs.ts
  $ selvage stream logs.ts --id access-log`,
  async work(file: string, options: Chosen<typeof OPTIONS>, output: Output) {
    workFor('worker');
    const end = new Interruption(output);
    try {
      const { chosenLogFormat } = await import('../../connection/log-line.js');
      const { describePlace, closeInTime, openFor } = await import('../location/connect.js');
      const { loggerTo, sayInLogLines } = await import('../location/logging.js');
      const { loadFile } = await import('../files/load-file.js');
      const { StreamHost, workerOfStreams } = await import('../../serve/streams/serve-stream.js');
      const { keepTypeScriptLoadable } = await import('../../user-modules/index.js');
      const format = chosenLogFormat('text');
      const loaded = await loadFile(file, { needs: 'stream' });
      const streams = await chosenStreams(loaded, options.id);
      const host = new StreamHost(streams, loggerTo(output, { format, runs: true }));
      const { tapestries, taskQueues } = workerOfStreams(streams);
      const opened = await end.orAsked(
        openFor(tapestries, options, output, {
          runs: true,
          workerOptions: { activities: host.activities },
          file: loaded,
          ...(taskQueues && { taskQueues }),
        }),
      );
      if (!opened) {
        output.warn('Interrupted before anything was read.');
        return end.exitCode;
      }
      keepTypeScriptLoadable();
      try {
        output.say(describePlace(opened.location));
        const started = await host.start(opened);
        for (const [id, { isJoined }] of started) {
          const stands = isJoined
            ? 'It is on the server already: if another process reads it, this one stands by, and works for its runs.'
            : 'Ctrl-C stops it.';
          const { tapestry } = streams.find((stream) => stream.id === id)!;
          output.say(`Stream ${id}: elements of its source for ${tapestry.name}. ${stands}`);
        }
        sayInLogLines(output, format);
        const ends = Promise.all(
          [...started].map(async ([id, { ended }]) => {
            const { reason, ok, failed } = await ended;
            output.say(
              `Stream ${id} has ${reason === 'ended' ? 'ended: its source has no more' : 'been drained'}. ${counted(ok, failed)}.`,
            );
            return { stream: id, reason, ok, failed };
          }),
        );
        ends.catch(() => undefined);
        const ended = await Promise.race([ends, opened.workerEnded, end.asked.then(() => undefined)]);
        hasResult(EXIT.ok);
        if (ended) {
          return output.finish({ items: ended });
        }
        output.say('Stopping: what was read is finished. Ctrl-C again to end at once.');
        await host.stop();
        const stopped = await Promise.all(
          [...started].map(async ([id, { counts }]) => ({
            stream: id,
            reason: 'stopped',
            ...(await counts()),
          })),
        );
        return output.finish({ items: stopped });
      } finally {
        await closeInTime(opened, output);
      }
    } finally {
      end.stop();
    }
  },
});

async function chosenStreams(
  { streams, path }: Pick<import('../files/load-file').LoadedFile, 'streams' | 'path'>,
  ids: readonly string[] | undefined,
): Promise<readonly import('../../streams').StreamDeclaration[]> {
  if (!ids) return streams;
  const { SelvageError } = await import('../../errors/index.js');
  return ids.map((id) => {
    const found = streams.find((stream) => stream.id === id);
    if (found) return found;
    throw new SelvageError(
      'FileWithoutStream',
      `${path} exports no stream "${id}". It exports: ${streams.map((stream) => stream.id).join(', ')}.`,
      { details: { file: path, stream: id } },
    );
  });
}

function counted(ok: number, failed: number): string {
  return `${plural(ok, 'element')} done${failed > 0 ? `, ${plural(failed, 'dead letter')}` : ''}`;
}
