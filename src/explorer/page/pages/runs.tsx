import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { about, mayAct } from '../app';
import { useKeys } from '../keys';
import { useCommands } from '../palette-state';
import { alter, go, href, type PageProps } from '../router';
import { keyOf } from '../run-list';
import { matchesText, runsAsk } from '../runs-ask';
import { announce } from '../ui/announce';
import { Button } from '../ui/button';
import { PageHead } from '../ui/page';
import { Segmented } from '../ui/segmented';
import { Empty, ErrorBox, Skeleton } from '../ui/states';
import { VirtualList } from '../ui/virtual-list';
import { countWords } from '../words';
import { Grid } from './grid';
import { ChooseTapestry, StartDialog } from './start';
import { useRunList } from './use-run-list';
import { RunFilters } from './run-filters';
import { RunRow } from './run-row';

const ROW = 42;
/** Number of runs that a text search reads before it asks whether to go on. */
const SEARCHED = 5000;

export function RunsPage({ place }: PageProps<'runs'>) {
  const [isStarting, setStarting] = useState(false);
  const [chosen, setChosen] = useState<string | undefined>(place.tapestry);
  const tapestries = about.value.tapestries;
  const start = (): void => {
    setChosen(place.tapestry ?? (tapestries.length === 1 ? tapestries[0]!.name : undefined));
    setStarting(true);
  };
  const canStart = mayAct() && tapestries.length > 0;
  useKeys('Runs', [{ keys: 's', says: 'Start a run', run: start, when: () => canStart }]);
  useCommands(canStart ? [{ title: 'Start a run', run: start }] : []);
  const isGrid = place.view === 'grid' && place.tapestry !== undefined;
  return (
    <>
      <PageHead title="Runs">
        {place.tapestry !== undefined && (
          <Segmented
            label="View"
            choices={[
              [undefined, 'List', 'list'],
              ['grid', 'Grid', 'grid'],
            ]}
            chosen={isGrid ? 'grid' : undefined}
            onChoose={(view) => alter('runs', { view })}
          />
        )}
        {canStart && (
          <Button kind="primary" icon="play" onClick={start}>
            Start a run
          </Button>
        )}
      </PageHead>
      {isGrid ? (
        <div class="page-body column grow">
          <Grid tapestry={place.tapestry} />
        </div>
      ) : (
        <List place={place} />
      )}
      {isStarting && chosen === undefined && (
        <ChooseTapestry onChoose={setChosen} onClose={() => setStarting(false)} />
      )}
      {isStarting && chosen !== undefined && (
        <StartDialog tapestry={chosen} onClose={() => setStarting(false)} />
      )}
    </>
  );
}

function List({ place }: PageProps<'runs'>) {
  const { text, tapestry, definition, outcome, status, actor, trigger, tag, partition, since, until } = place;
  const ask = useMemo(
    () => runsAsk(place, Date.now()),
    [tapestry, definition, outcome, status, actor, trigger, tag, partition, since, until],
  );
  const runs = useRunList(ask);
  const { list } = runs;
  const [at, setAt] = useState(-1);
  const [marked, setMarked] = useState<readonly string[]>([]);
  const [searched, setSearched] = useState(SEARCHED);
  const search = useRef<HTMLInputElement>(null);
  const body = useRef<HTMLDivElement>(null);
  useEffect(() => {
    setAt(-1);
    setSearched(SEARCHED);
  }, [ask, text]);

  const rows = useMemo(() => list.rows.filter((run) => matchesText(run, text)), [list.rows, text]);
  const fresh = useMemo(() => list.fresh.filter((run) => matchesText(run, text)), [list.fresh, text]);
  const isSearching =
    text !== undefined && list.cursor !== undefined && rows.length < 40 && list.rows.length < searched;
  useEffect(() => {
    if (isSearching && !runs.isLoading && !runs.error) runs.more();
  }, [isSearching, runs.isLoading, list.rows.length]);

  // Typed text is looked for here, among many pages; the other filters are the server's, which returns pages that may be empty.
  const searchFurther = (): void => {
    setSearched(list.rows.length + SEARCHED);
    if (text === undefined) runs.more();
  };

  const active = rows[at];
  const walk = (step: number): void => {
    const next = Math.max(0, Math.min(rows.length - 1, at + step));
    setAt(next);
  };
  useEffect(() => {
    if (at < 0) return;
    // A row that was out of view has to be rendered first.
    const timer = setTimeout(
      () => body.current?.querySelector<HTMLElement>('.virtual-row.active a')?.focus({ preventScroll: true }),
      0,
    );
    return () => clearTimeout(timer);
  }, [at]);
  const mark = (run: string): void => {
    setMarked(marked.includes(run) ? marked.filter((one) => one !== run) : [...marked, run].slice(-2));
  };
  const compare = (): void => {
    if (marked.length === 2) go({ page: 'compare', first: marked[0]!, second: marked[1]! });
  };
  const showFresh = (): void => {
    announce(countWords(fresh.length, 'new run'));
    runs.showFresh();
    setAt(-1);
    body.current?.querySelector('.virtual')?.scrollTo({ top: 0 });
  };
  useKeys('Runs', [
    { keys: ['j', 'ArrowDown'], says: 'Next run', run: () => walk(1) },
    { keys: ['k', 'ArrowUp'], says: 'Previous run', run: () => walk(-1) },
    { keys: 'Enter', says: 'Open the run', run: () => active && go({ page: 'run', run: active.runId }) },
    { keys: '/', says: 'Filter by id', run: () => search.current?.select() },
    {
      keys: 'f',
      says: 'Failed ones only, or all',
      run: () => alter('runs', { status: status === 'failed' ? undefined : 'failed' }),
    },
    { keys: 'n', says: 'Show new runs', run: showFresh, when: () => fresh.length > 0 },
    { keys: 'x', says: 'Mark to compare', run: () => active && mark(active.runId) },
    { keys: 'c', says: 'Compare the two marked', run: compare, when: () => marked.length === 2 },
  ]);

  const isFiltered = [...Object.values(ask), text].some((filter) => filter !== undefined);
  return (
    <>
      <RunFilters place={place} search={search} />
      <div class="page-body column grow" ref={body}>
        {runs.error && <ErrorBox error={runs.error} onRetry={runs.reload} />}
        {rows.length === 0 && !isSearching ? (
          runs.isLoading && !list.isThere ? (
            <Skeleton rows={12} height={ROW} />
          ) : (
            !runs.error && (
              <NoRuns isFiltered={isFiltered} isCut={list.cursor !== undefined} onMore={searchFurther} />
            )
          )
        ) : (
          <>
            <div class="run-head muted fine" aria-hidden="true">
              <span>Status</span>
              <span>Run</span>
              <span class="run-tapestry">Tapestry</span>
              <span class="run-counts">Knots</span>
              <span class="run-from">Trigger</span>
              <span class="right">Duration</span>
              <span class="right">Started</span>
            </div>
            <div class="run-list column grow">
              {(fresh.length > 0 || marked.length > 0) && (
                <div class="pill-line row">
                  {fresh.length > 0 && (
                    <button type="button" class="pill" onClick={showFresh}>
                      {countWords(fresh.length, 'new run')}
                    </button>
                  )}
                  {marked.length === 2 && (
                    <button type="button" class="pill" onClick={compare}>
                      Compare the two marked
                    </button>
                  )}
                </div>
              )}
              <VirtualList
                count={rows.length}
                rowHeight={ROW}
                label="Runs"
                active={at}
                keyOf={(index) => keyOf(rows[index]!)}
                onEnd={() => {
                  if (!runs.error) runs.more();
                }}
              >
                {(index) => (
                  <RunRow
                    run={rows[index]!}
                    isFirst={at < 0 ? index === 0 : index === at}
                    isMarked={marked.includes(rows[index]!.runId)}
                    onFocus={() => setAt(index)}
                  />
                )}
              </VirtualList>
            </div>
            <p class="list-foot row" role="status">
              {isSearching
                ? `Searching… ${countWords(list.rows.length, 'run')} so far`
                : `${countWords(rows.length, 'run')}${list.cursor === undefined ? '' : ' loaded; more as you scroll'}`}
              {text !== undefined && !isSearching && list.cursor !== undefined && rows.length < 40 && (
                <Button kind="quiet" onClick={searchFurther}>
                  Search more
                </Button>
              )}
            </p>
          </>
        )}
      </div>
    </>
  );
}

function NoRuns({ isFiltered, isCut, onMore }: { isFiltered: boolean; isCut: boolean; onMore: () => void }) {
  if (isFiltered)
    return (
      <Empty icon="filter" title="No matching runs">
        <p>{isCut ? 'None of those searched.' : 'No run on record satisfies all filters.'}</p>
        <p class="empty-acts row">
          {isCut && <Button onClick={onMore}>Search more</Button>}
          <Button href={href({ page: 'runs' })}>Clear filters</Button>
        </p>
      </Empty>
    );
  return (
    <Empty icon="runs" title="No runs yet">
      Start one here, or by <code>selvage run</code>. It is shown as soon as it begins.
    </Empty>
  );
}
