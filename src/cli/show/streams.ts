import { streams } from '../../operations/streams';
import type { StreamView } from '../../operations/streams/list';
import type { ShownStream } from '../../operations/streams/show';
import { formatTable, formatTime, plural } from '../output/format';
import { verbsOf } from '../table/verb-of-table';

export const addStreams = verbsOf(streams, {
  'streams.list': ({ items }) => describeAll(items),
  'streams.show': (stream) => [describeAll([stream]), ...describeOne(stream)].join('\n'),
  'streams.pause': (_, { stream }) =>
    `Stream ${stream} is paused: what was read is finished. It reads on with: selvage streams resume ${stream}`,
  'streams.resume': (_, { stream }) => `Stream ${stream} reads on.`,
  'streams.drain': (_, { stream }) =>
    `Stream ${stream} is drained: it ends when what was read is finished. Started again, it goes on from there.`,
});

function describeAll(streams: readonly StreamView[]): string {
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
        `${id}: elements are lost (${plural(gaps.total, 'gap')}), see: selvage streams show ${id}`,
      );
  const table = formatTable(
    ['STREAM', 'STATE', 'TAPESTRY', 'DONE', 'FAILED', 'RATE', 'LAG', 'IN FLIGHT', 'READER'],
    rows,
  );
  return troubles.length === 0 ? table : [table, '', ...troubles].join('\n');
}

function describeOne({ reportedAt, gaps, partitions, deadLetters }: ShownStream): string[] {
  const places = partitions.items.map(({ partition, checkpoint = '', ahead }) => [
    partition,
    checkpoint,
    ahead === 0 ? '' : String(ahead),
  ]);
  const lost = gaps?.items.map(({ lost, after = '', before = '', reason, at }) => [
    lost ? `${lost.amount} ${lost.unit}` : 'unknown',
    after,
    before,
    reason,
    formatTime(at),
  ]);
  const more = partitions.total - partitions.items.length;
  const dead = deadLetters.items.map(({ element, runId = '', reason = '' }) => [element, runId, reason]);
  return [
    ...(reportedAt === undefined ? [] : [`Reported at ${formatTime(reportedAt)}`]),
    ...(places.length === 0 ? [] : ['', formatTable(['PARTITION', 'CHECKPOINT', 'AHEAD'], places)]),
    ...(more > 0 ? [`and ${plural(more, 'more partition')}`] : []),
    ...(lost ? ['', formatTable(['LOST', 'AFTER', 'BEFORE', 'WHY', 'NOTICED'], lost)] : []),
    ...(dead.length === 0 ? [] : ['', formatTable(['DEAD LETTER', 'RUN', 'WHY'], dead)]),
  ];
}
