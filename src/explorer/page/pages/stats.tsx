import { formatBytes } from '../../../visualisation/words';
import type { ComponentChildren } from 'preact';
import type { AnswerOf, AskOf } from '../../../operations';
import type { Statistics } from '../../../ports';
import type { Regression } from '../../../records/questions/statistics';
import { alter, href, type PageProps, type Place, type Places } from '../router';
import { useAnswer } from '../store';
import { Link, Segmented } from '../ui/button';
import { AnswerPage } from '../ui/page';
import { Empty } from '../ui/states';
import { Muted, Table, countCell, none } from '../ui/table';
import { countWords, durationWords } from '../words';
import { shareWords, Worsened } from './worsened';

type StatsAnswer = AnswerOf<'stats.show'>;
type StatsGroup = NonNullable<AskOf<'stats.show'>['by']>;
type StatsWindow = '24h' | '7d';

const GROUPS: Readonly<Record<StatsGroup, string>> = {
  definition: 'Definition',
  knot: 'Knot',
  tapestry: 'Tapestry',
};
/** All functions in place of one kind share a name with this beginning: their knots tell them apart. */
const IN_PLACE = 'selvage.';
const WINDOWS: Readonly<Record<StatsWindow, string>> = { '24h': '24 hours', '7d': '7 days' };

type Missing = NonNullable<StatsAnswer['baseline']>['samplesMissing'][number];

interface Row extends Statistics {
  readonly regressions: readonly Regression[];
  /** How many more knots or runs a comparison needs. Absent: enough ran. */
  readonly missing?: Missing;
}

interface Column {
  readonly title: string;
  /** The value by which a column sorts; undefined comes last. */
  readonly of: (row: Row) => Figure;
  readonly cell: (row: Row) => ComponentChildren;
}

const NUMBERS: Readonly<Record<string, Column>> = {
  ran: { title: 'Ran', of: ({ ran }) => ran, cell: ({ ran }) => countWords(ran) },
  skipped: { title: 'Skipped', of: ({ skipped }) => skipped, cell: ({ skipped }) => countCell(skipped) },
  p50: { title: 'p50', ...time(({ durationMs }) => durationMs?.p50) },
  p95: { title: 'p95', ...time(({ durationMs }) => durationMs?.p95) },
  p99: { title: 'p99', ...time(({ durationMs }) => durationMs?.p99) },
};
const OF_KNOTS: Readonly<Record<string, Column>> = {
  queued: { title: 'Queued p50', ...time(({ queuedMs }) => queuedMs?.p50) },
  queued95: { title: 'Queued p95', ...time(({ queuedMs }) => queuedMs?.p95) },
  bytes: {
    title: 'Output',
    of: ({ bytes }) => bytes,
    cell: ({ bytes }) => (bytes === 0 ? none : formatBytes(bytes)),
  },
  reused: {
    title: 'Reused',
    of: ({ reused }) => reused,
    cell: ({ reused, savedMs }) => countCell(reused, `${countWords(reused)}, ${durationWords(savedMs)}`),
  },
};

function time(of: (row: Row) => number | undefined): Omit<Column, 'title'> {
  return {
    of,
    cell: (row) => {
      const ms = of(row);
      return ms === undefined ? none : durationWords(ms);
    },
  };
}

/** How often recently finished runs and knots failed, how long they took, and which became worse. */
export function StatsPage({ place }: PageProps<'stats'>) {
  const by = oneOf(GROUPS, place.by, 'definition');
  const last = oneOf(WINDOWS, place.last, '24h');
  const answer = useAnswer('stats.show', { by, since: last }, { everyMs: 60_000 });
  return (
    <AnswerPage
      title="Stats"
      note={answer.value && noteOf(answer.value, by, last)}
      acts={
        <>
          <Segmented
            label="Of"
            choices={choicesOf(GROUPS)}
            chosen={by}
            onChoose={(chosen) => alter('stats', { by: chosen })}
          />
          <Segmented
            label="Of the last"
            choices={choicesOf(WINDOWS)}
            chosen={last}
            onChoose={(chosen) => alter('stats', { last: chosen })}
          />
        </>
      }
      answer={answer}
      rows={6}
    >
      {(found) =>
        found.items.length === 0 ? (
          <Empty icon="stats" title={`Nothing finished in the last ${WINDOWS[last]}`}>
            How often what finishes fails, and how long it takes, is listed here.
          </Empty>
        ) : (
          <Figures found={found} by={by} last={last} sort={place.sort ?? '-ran'} />
        )
      }
    </AnswerPage>
  );
}

function choicesOf<Name extends string>(words: Readonly<Record<Name, string>>): [Name, string][] {
  return Object.entries(words) as [Name, string][];
}

function noteOf({ total, items }: StatsAnswer, by: StatsGroup, last: StatsWindow): string {
  const what = countWords(total, by, by === 'tapestry' ? 'tapestries' : `${by}s`);
  const shown = total > items.length ? `; the ${countWords(items.length)} that ran most are shown` : '';
  return `${what}: what finished in the last ${WINDOWS[last]}, compared with the 7 days before${shown}`;
}

interface FiguresProps {
  found: StatsAnswer;
  by: StatsGroup;
  last: StatsWindow;
  sort: string;
}

function Figures({ found, by, last, sort }: FiguresProps) {
  const runs = (name: string, isFailed: boolean): Place => ({
    page: 'runs',
    since: last,
    ...runsOf(by, name, isFailed),
  });
  const columns: Readonly<Record<string, Column>> = {
    name: {
      title: GROUPS[by],
      of: ({ name }) => name,
      cell: ({ name }) => (by === 'knot' ? name : <Link to={runs(name, false)}>{name}</Link>),
    },
    worse: {
      title: 'Regressions',
      of: severity,
      cell: (row) =>
        by === 'definition' && row.name.startsWith(IN_PLACE) ? (
          <Link to={{ page: 'stats', by: 'knot', last, sort }}>see each knot</Link>
        ) : (
          <Worse {...row} />
        ),
    },
    ...NUMBERS,
    failed: {
      title: 'Failed',
      of: ({ failed, ran }) => (ran === 0 ? 0 : failed / ran),
      cell: ({ name, failed, ran }) =>
        countCell(
          failed,
          by === 'knot' ? (
            failedWords(failed, ran)
          ) : (
            <a
              class="link"
              href={href(runs(name, true))}
              aria-label={`${countWords(failed)} failed, ${shareWords(failed / ran)}: the runs of ${name}`}
            >
              {failedWords(failed, ran)}
            </a>
          ),
        ),
    },
    ...(by !== 'tapestry' && OF_KNOTS),
  };
  const names = ['name', 'worse', 'ran', 'failed', ...Object.keys(columns)];
  const shown = [...new Set(names)].map((name) => [name, columns[name]!] as const);
  const { column, isDescending } = sortOf(sort, columns);
  const rows = rowsOf(found).sort(
    (a, b) =>
      compared(columns[column]!.of(a), columns[column]!.of(b), isDescending) || (a.name < b.name ? -1 : 1),
  );
  return (
    <div class="wide" role="region" aria-label="Figures" tabIndex={0}>
      <Table
        items={rows}
        keyOf={({ name }) => name}
        columns={shown.map(
          ([name, { title, cell }]) =>
            [
              by === 'tapestry' && name === 'skipped' ? 'Cancelled or terminated' : title,
              cell,
              name === 'name' ? name : name === 'worse' ? undefined : 'number',
            ] as const,
        )}
        sort={{
          at: shown.findIndex(([name]) => name === column),
          isDescending,
          onSort: (at) =>
            alter('stats', { sort: nextSort(shown[at]![0], column, isDescending) }, { replace: true }),
        }}
      />
    </div>
  );
}

function rowsOf({ items, baseline }: StatsAnswer): Row[] {
  const { regressions = [], samplesMissing = [] } = baseline ?? {};
  const missing = new Map(samplesMissing.map((one) => [one.name, one]));
  return items.map((one) => ({
    ...one,
    regressions: regressions.filter(({ name }) => name === one.name),
    missing: missing.get(one.name),
  }));
}

function failedWords(failed: number, ran: number): string {
  return `${countWords(failed)} (${shareWords(failed / ran)})`;
}

function Worse({ regressions, missing }: Row) {
  if (missing) {
    const { now, before } = missing;
    const needs = [now > 0 && `${countWords(now)} now`, before > 0 && `${countWords(before)} before`];
    return <Muted>needs more samples: {needs.filter((one) => one !== false).join(', ')}</Muted>;
  }
  if (regressions.length === 0) return <Muted>no</Muted>;
  return (
    <ul>
      {regressions.map((one) => (
        <li
          key={one.what}
          class="row"
          title={`of ${countWords(one.samples)}, and of ${countWords(one.samplesBefore)} before`}
        >
          <Worsened {...one} />
        </li>
      ))}
    </ul>
  );
}

function severity({ regressions, missing }: Row): number {
  if (missing) return -1;
  return Math.max(0, ...regressions.map(({ before, now }) => now / Math.max(before, 1e-4)));
}

function runsOf(by: StatsGroup, name: string, isFailed: boolean): Places['runs'] {
  return by === 'tapestry'
    ? { tapestry: name, ...(isFailed && { status: 'failed' }) }
    : { definition: name, ...(isFailed && { outcome: 'err' }) };
}

function sortOf(sort: string, columns: object): { column: string; isDescending: boolean } {
  const isDescending = sort.startsWith('-');
  const column = isDescending ? sort.slice(1) : sort;
  return Object.hasOwn(columns, column) ? { column, isDescending } : { column: 'ran', isDescending: true };
}

/** Names sort ascending at first, figures descending; a second click reverses the order. */
function nextSort(name: string, column: string, isDescending: boolean): string {
  return name === column ? `${isDescending ? '' : '-'}${name}` : `${name === 'name' ? '' : '-'}${name}`;
}

type Figure = number | string | undefined;

function compared(a: Figure, b: Figure, isDescending: boolean): number {
  if (a === b) return 0;
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  return (a < b ? -1 : 1) * (isDescending ? -1 : 1);
}

function oneOf<Name extends string>(
  known: Readonly<Record<Name, string>>,
  text: string | undefined,
  otherwise: Name,
): Name {
  return text !== undefined && Object.hasOwn(known, text) ? (text as Name) : otherwise;
}
