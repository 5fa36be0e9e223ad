import { formatBytes } from '../../visualisation/words';
import type { Percentiles, Statistics } from '../../ports';
import type { AnswerOf } from '../../operations';
import { show } from '../../operations/stats/show';
import type { Regression } from '../../records/questions';
import { formatDuration, formatTable, formatTime, nameSome } from '../output/format';
import type { Output } from '../output/output';
import { makeVerb } from '../table/verb-of-table';

const HEADINGS = {
  definition: 'DEFINITION',
  knot: 'KNOT',
  tapestry: 'TAPESTRY',
} as const;

export const addStats = makeVerb(show, (stats, _, output) => {
  const { by, since, until, items, total } = stats;
  const ofRuns = by === 'tapestry';
  const title = `Finished from ${formatTime(since)} to ${formatTime(until)}`;
  if (items.length === 0) return `${title}: nothing.`;
  const columns = ofRuns
    ? ['RUNS', 'FAILED', 'ENDED EARLY', 'P50', 'P95', 'P99']
    : ['RAN', 'FAILED', 'SKIPPED', 'P50', 'P95', 'P99', 'QUEUED P50', 'P95', 'BYTES', 'REUSED', 'SAVED'];
  const rows = items.map((one) => [
    one.name,
    `${one.ran}`,
    failures(one),
    `${one.skipped}`,
    ...times(one.durationMs, ['p50', 'p95', 'p99']),
    ...(ofRuns
      ? []
      : [
          ...times(one.queuedMs, ['p50', 'p95']),
          formatBytes(one.bytes),
          `${one.reused}`,
          one.reused === 0 ? '' : formatDuration(one.savedMs),
        ]),
  ]);
  const more =
    total > items.length
      ? [output.dim(`These ran most; there are ${total - items.length} more: raise --limit.`)]
      : [];
  return [title, formatTable([HEADINGS[by], ...columns], rows), ...more, ...comparison(stats, output)].join(
    '\n',
  );
});

function failures({ failed, ran }: Statistics): string {
  return failed === 0 ? '0' : `${failed} (${percent(failed / ran)})`;
}

function times(percentiles: Percentiles | null, wanted: readonly (keyof Percentiles)[]): string[] {
  return wanted.map((one) => (percentiles ? formatDuration(percentiles[one]) : ''));
}

function comparison({ baseline }: AnswerOf<'stats.show'>, output: Output): string[] {
  if (!baseline) return [];
  const { regressions, samplesMissing, minSamples } = baseline;
  const time = `from ${formatTime(baseline.since)} to ${formatTime(baseline.until)}`;
  const found =
    regressions.length === 0
      ? [`Nothing is slower or fails more often than ${time}.`]
      : [`Worse than ${time}:`, ...regressions.map((one) => `  ${output.red(regressionSentence(one))}`)];
  const unknown =
    samplesMissing.length === 0
      ? []
      : [
          output.dim(
            `Not compared, as one of the two periods has fewer than ${minSamples} samples: ${nameSome(samplesMissing.slice(0, 5).map(missingWords), samplesMissing.length)}.`,
          ),
        ];
  return ['', ...found, ...unknown];
}

type Missing = NonNullable<AnswerOf<'stats.show'>['baseline']>['samplesMissing'][number];

function missingWords({ name, now, before }: Missing): string {
  const words = [now > 0 && `${now} now`, before > 0 && `${before} before`];
  return `${name} (needs ${words.filter((one) => one !== false).join(', ')})`;
}

export function regressionSentence({ name, what, before, now, samplesBefore, samples }: Regression): string {
  const of = `of ${samples} (${samplesBefore} before)`;
  if (what === 'failures')
    return `${name} fails more often: ${percent(now)} instead of ${percent(before)}, ${of}`;
  const times = before === 0 ? '' : ` (${(now / before).toFixed(1)} x)`;
  return `${name} is slower: ${what} ${formatDuration(now)} instead of ${formatDuration(before)}${times}, ${of}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}
