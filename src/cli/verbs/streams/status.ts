import type { Command } from 'commander';
import type { RecordedDeadLetter, StreamState } from '../../../client';
import type { Does } from '../../options/does';
import { addJsonOption, addServerOptions, type ServerOptions } from '../../options/server-options';
import { EXIT } from '../../output/exit-codes';
import { formatTable, formatTime, plural } from '../../output/format';
import { redactText } from '../../../values/redact';
import type { Output } from '../../output/output';

export function addStreamsStatus(streams: Command, does: Does): void {
  addServerOptions(
    addJsonOption(
      streams
        .command('status')
        .description(
          'Lists the streams that the server knows: who reads, how fast, how far behind. With an id, also its checkpoint, its newest dead letters, and what was lost before it could be read.',
        )
        .argument('[id]', 'id of a stream')
        .addHelpText(
          'after',
          '\nExamples:\n  $ selvage streams status\n  $ selvage streams status access-log --json | jq .lag',
        ),
    ),
  ).action(does(showStatus));
}

async function showStatus(id: string | undefined, options: ServerOptions, output: Output): Promise<number> {
  const { placesOf } = await import('../../../connection/streams.js');
  const { withClient } = await import('../../location/connect.js');
  return await withClient(options, output, async (selvage) => {
    if (id === undefined) {
      const streams = await selvage.streams.list();
      if (output.json) output.document({ items: streams });
      else output.say(describeAll(streams));
      return EXIT.ok;
    }
    const state = await selvage.streams.status(id);
    const deadLetters = await selvage.streams.deadLetters(id);
    if (output.json) output.document({ ...state, deadLetters });
    else
      output.say(
        [describeAll([state]), ...describeOne(state, placesOf(state), deadLetters.items)].join('\n'),
      );
    return EXIT.ok;
  });
}

function describeAll(streams: readonly StreamState[]): string {
  if (streams.length === 0) return 'There is no stream. One begins with: selvage stream FILE';
  const rows = streams.map((stream) => [
    stream.id,
    stream.state,
    stream.tapestry,
    String(stream.ok),
    stream.failed === 0 ? '' : String(stream.failed),
    stream.rate === undefined ? '' : `${stream.rate.toFixed(1)}/s`,
    stream.lag === undefined ? '' : `${stream.lag.amount} ${stream.lag.unit}`,
    stream.inFlight === undefined ? '' : `${stream.inFlight} of ${stream.window}`,
    stream.readBy ?? '',
  ]);
  const troubles = streams.flatMap(({ id, problem, error, state }) => {
    if (error !== undefined) return [`${id}: ${error}`];
    if (problem !== undefined) return [`${id}: ${problem}`];
    return state === 'waiting' ? [`${id}: no process reads it. Start one: selvage stream FILE`] : [];
  });
  for (const { id, gaps } of streams)
    if (gaps)
      troubles.push(
        `${id}: elements are lost (${plural(gaps.total, 'gap')}), see: selvage streams status ${id}`,
      );
  const table = formatTable(
    ['STREAM', 'STATE', 'TAPESTRY', 'DONE', 'FAILED', 'RATE', 'LAG', 'IN FLIGHT', 'READER'],
    rows,
  );
  return troubles.length === 0 ? table : [table, '', ...troubles.map(redactText)].join('\n');
}

function describeOne(
  { reportedAt, gaps }: StreamState,
  partitions: ReturnType<typeof import('../../../connection/streams').placesOf>,
  dead: readonly RecordedDeadLetter[],
): string[] {
  const places = partitions.map(({ partition, checkpoint = '', ahead }) => [
    partition,
    checkpoint,
    ahead === 0 ? '' : String(ahead),
  ]);
  return [
    ...(reportedAt === undefined ? [] : [`Reported at ${formatTime(reportedAt)}`]),
    ...(places.length === 0 ? [] : ['', formatTable(['PARTITION', 'CHECKPOINT', 'AHEAD'], places)]),
    ...(gaps
      ? [
          '',
          formatTable(
            ['LOST', 'AFTER', 'BEFORE', 'WHY', 'NOTICED'],
            gaps.items.map(({ lost, after = '', before = '', reason, at }) => [
              lost ? `${lost.amount} ${lost.unit}` : 'unknown',
              after,
              before,
              reason,
              formatTime(at),
            ]),
          ),
        ]
      : []),
    ...(dead.length === 0
      ? []
      : [
          '',
          formatTable(
            ['DEAD LETTER', 'RUN', 'WHY'],
            dead.map(({ element, runId = '', reason = '' }) => [element, runId, reason]),
          ),
        ]),
  ];
}
