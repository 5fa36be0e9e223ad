import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { AnswerOf } from '../../../operations';
import { CELLS, cellWords, moved, type Spot } from '../grid-model';
import { go, href } from '../router';
import { shortened, shownText } from '../shown-text';
import type { SourceError } from '../source/source-error';
import { useAnswer, useFurther } from '../store';
import { Link } from '../ui/button';
import { Shape, STATUS_TONES } from '../ui/outcome';
import { Answered } from '../ui/page';
import { Empty, ErrorBox } from '../ui/states';
import { Muted } from '../ui/table';
import { useVirtual } from '../ui/virtual';
import { durationWords, exactWords } from '../words';

const CELL = 24;
const HEAD = 176;
const NAMES = 240;
const PAGE = 100;
const TALLEST = 36;
/** Letters of a run's id in its column's head. */
const LETTERS = 16;
const STAMP = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});

/** Runs × knots of a tapestry, newest run first, to show at a glance what has failed since when. */
export function Grid({ tapestry }: { tapestry: string }) {
  const answer = useAnswer(
    'runs.grid',
    { tapestry, limit: PAGE },
    { staleOn: (event) => event.tapestry === tapestry },
  );
  const older = useFurther('runs.grid', { tapestry, limit: PAGE }, answer.value, tapestry);
  const runs = useMemo(() => runsOf(older.pages), [older.pages]);
  return (
    <Answered answer={answer} rows={12} height={CELL}>
      {({ items, knots }) =>
        items.length === 0 ? (
          <Empty icon="grid" title="No runs yet">
            Each run of {tapestry} becomes a column here, each knot a row.
          </Empty>
        ) : (
          <Cells tapestry={tapestry} knots={knots} runs={runs} onEnd={older.more} error={older.error} />
        )
      }
    </Answered>
  );
}

type GridAnswer = AnswerOf<'runs.grid'>;
type GridRun = GridAnswer['items'][number];

/** The runs of all pages, each once, their cells in the order of knots of the first page. */
function runsOf(pages: readonly GridAnswer[]): GridRun[] {
  const seen = new Set<string>();
  return pages.flatMap((page) =>
    page.items
      .filter((run) => !seen.has(run.temporalRunId) && seen.add(run.temporalRunId))
      .map((run) =>
        sameKnots(page.knots, pages[0]!.knots) ? run : reordered(page.knots, pages[0]!.knots, run),
      ),
  );
}

function sameKnots(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((knot, index) => knot === b[index]));
}

function reordered(from: readonly string[], to: readonly string[], run: GridRun): GridRun {
  const places = new Map(from.map((knot, index) => [knot, index]));
  const moved = new Map(to.map((knot, index) => [places.get(knot), index]));
  return {
    ...run,
    cells: to.map((knot) => run.cells[places.get(knot) ?? -1] ?? ' ').join(''),
    marks: run.marks.flatMap((mark) => {
      const knot = moved.get(mark.knot);
      return knot === undefined ? [] : [{ ...mark, knot }];
    }),
  };
}

interface CellsProps {
  tapestry: string;
  knots: readonly string[];
  runs: readonly GridRun[];
  onEnd: () => void;
  error?: SourceError;
}

function Cells({ tapestry, knots, runs, onEnd, error }: CellsProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<Spot>({ column: 0, row: 0 });
  const [hovered, setHovered] = useState<Spot>();
  const [hasFocus, setFocus] = useState(false);
  const rows = useVirtual({
    count: knots.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => CELL,
    scrollMargin: HEAD,
    scrollPaddingStart: HEAD,
    overscan: 4,
  });
  const columns = useVirtual({
    count: runs.length,
    horizontal: true,
    getScrollElement: () => scroller.current,
    estimateSize: () => CELL,
    scrollMargin: NAMES,
    scrollPaddingStart: NAMES,
    overscan: 6,
  });
  const shownRows = rows.getVirtualItems();
  const shownColumns = columns.getVirtualItems();
  const lastColumn = shownColumns.at(-1)?.index ?? 0;
  useEffect(() => {
    if (lastColumn >= runs.length - 20) onEnd();
  }, [lastColumn, runs.length]);
  const longest = Math.max(1, ...runs.slice(0, 500).map(lastsMs));

  const spot = hovered ?? (hasFocus ? at : undefined);
  const spotRun = spot && runs[spot.column];
  const spotCell = spotRun && CELLS[spotRun.cells[spot.row] ?? ' '];
  const marks = useMemo(
    () => new Map(runs.map((run) => [run, new Map(run.marks.map((mark) => [mark.knot, mark]))])),
    [runs],
  );
  const markAt = ({ column, row }: Spot) => marks.get(runs[column]!)?.get(row);
  const wordsAt = (at: Spot): string => cellWords(runs[at.column]!.cells[at.row] ?? ' ', markAt(at));
  const open = ({ column, row }: Spot): void => {
    const run = runs[column];
    const knot = knots[row];
    if (run && knot !== undefined) go({ page: 'run', run: run.runId, knot });
  };
  const spotOf = (event: MouseEvent): Spot | undefined => {
    const box = scroller.current!.getBoundingClientRect();
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    if (x < NAMES || y < HEAD) return undefined;
    const column = Math.floor((x + scroller.current!.scrollLeft - NAMES) / CELL);
    const row = Math.floor((y + scroller.current!.scrollTop - HEAD) / CELL);
    return column < runs.length && row < knots.length ? { column, row } : undefined;
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.key === 'Enter' && event.target === scroller.current) {
      event.preventDefault();
      open(at);
      return;
    }
    const next = moved(at, event.key, runs.length, knots.length, 10);
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    setAt(next);
    setHovered(undefined);
    rows.scrollToIndex(next.row);
    columns.scrollToIndex(next.column);
  };
  return (
    <div class="grid-box column grow">
      <p class="grid-spot row" role="status">
        {spotRun && spotCell ? (
          <>
            <Shape tone={spotCell.tone} />
            <strong>{knots[spot.row]}</strong>
            <span>{shownText(wordsAt(spot))} in</span>
            <Link to={{ page: 'run', run: spotRun.runId, knot: knots[spot.row] }}>{spotRun.runId}</Link>
            <Muted>{exactWords(spotRun.startedAt)}</Muted>
            {spotRun.finishedAt !== undefined && (
              <Muted>{durationWords(spotRun.finishedAt - spotRun.startedAt)}</Muted>
            )}
          </>
        ) : (
          <Legend />
        )}
      </p>
      {error && <ErrorBox error={error} onRetry={onEnd} />}
      <div
        ref={scroller}
        class="grid grow"
        role="grid"
        tabIndex={0}
        aria-label={`Runs and knots of ${tapestry}`}
        aria-rowcount={knots.length + 1}
        aria-colcount={runs.length + 1}
        aria-activedescendant={shownRows.length > 0 ? `cell-${at.row}-${at.column}` : undefined}
        onKeyDown={onKeyDown}
        onFocus={() => setFocus(true)}
        onBlur={() => setFocus(false)}
        onMouseMove={(event) => setHovered(spotOf(event))}
        onMouseLeave={() => setHovered(undefined)}
        onClick={(event) => {
          const clicked = spotOf(event);
          if (clicked) open(clicked);
        }}
      >
        <div
          class="virtual-inner"
          role="presentation"
          style={{
            width: `${columns.getTotalSize() + NAMES + 12}px`,
            height: `${rows.getTotalSize() + HEAD + 12}px`,
          }}
        >
          {spot && <div class="grid-cross down" style={{ left: `${NAMES + spot.column * CELL}px` }} />}
          {spot && <div class="grid-cross across" style={{ top: `${HEAD + spot.row * CELL}px` }} />}
          <div class="grid-head" role="row" aria-rowindex={1}>
            <div class="grid-name muted" role="columnheader" aria-colindex={1}>
              Knot
            </div>
            {shownColumns.map(({ index, start }) => {
              const run = runs[index]!;
              const height = Math.max(3, Math.round((TALLEST * lastsMs(run)) / longest));
              const began = STAMP.format(run.startedAt);
              return (
                <div
                  key={run.temporalRunId}
                  class="grid-run"
                  role="columnheader"
                  aria-colindex={index + 2}
                  style={{ left: `${start}px` }}
                >
                  <a
                    class="column"
                    title={`${run.runId} · ${run.status} · ${began} · ${durationWords(lastsMs(run))}`}
                    href={href({ page: 'run', run: run.runId })}
                    tabIndex={-1}
                  >
                    <span class="out-of-sight">
                      {run.runId}, {run.status}
                    </span>
                    <span class="grid-words">
                      <span>{shortened(run.runId, LETTERS)}</span>
                      <span class="muted">{began}</span>
                    </span>
                    <span
                      class={`grid-bar tone-${STATUS_TONES[run.status]}`}
                      style={{ height: `${height}px` }}
                    />
                    <Shape tone={STATUS_TONES[run.status]} size={9} />
                  </a>
                </div>
              );
            })}
          </div>
          {shownRows.map(({ index: row, start }) => (
            <div
              key={knots[row]}
              class="grid-row"
              role="row"
              aria-rowindex={row + 2}
              style={{ transform: `translateY(${start}px)` }}
            >
              <div class="grid-name cut" role="rowheader" aria-colindex={1} title={knots[row]}>
                {knots[row]}
              </div>
              {shownColumns.map(({ index: column, start: left }) => {
                const run = runs[column]!;
                const cell = CELLS[run.cells[row] ?? ' '] ?? CELLS[' ']!;
                const isAt = hasFocus && at.row === row && at.column === column;
                return (
                  <div
                    key={run.temporalRunId}
                    id={`cell-${row}-${column}`}
                    class={`grid-cell tone-${cell.tone}${isAt ? ' at' : ''}${markAt({ column, row }) ? ' marked' : ''}`}
                    role="gridcell"
                    aria-colindex={column + 2}
                    aria-label={`${knots[row]}: ${shownText(wordsAt({ column, row }))} in ${run.runId}`}
                    style={{ left: `${left}px` }}
                  >
                    {cell.tone !== 'none' && <Shape tone={cell.tone} />}
                  </div>
                );
              })}
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}

function lastsMs({ startedAt, finishedAt }: GridRun): number {
  return (finishedAt ?? Date.now()) - startedAt;
}

function Legend() {
  return (
    <span class="legend row fine">
      {Object.values(CELLS)
        .filter(({ tone }) => tone !== 'none')
        .map(({ tone, word }) => (
          <span key={word} class={`inline tone-${tone}`}>
            <Shape tone={tone} size={11} />
            {word}
          </span>
        ))}
    </span>
  );
}
