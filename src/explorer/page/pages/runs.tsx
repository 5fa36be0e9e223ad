import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { about, mayAct } from '../app';
import { useCommands, useKeys } from '../keys';
import { alter, go, href, type PageProps } from '../router';
import { linesOf, type RunLine } from '../run-tree';
import { matchesText, runsAsk } from '../runs-ask';
import { Button, Segmented } from '../ui/button';
import { late } from '../ui/late';
import { PageHead } from '../ui/page';
import { Empty, ErrorBox, Skeleton } from '../ui/states';
import { announce } from '../ui/toast';
import { VirtualList } from '../ui/virtual-list';
import { countWords } from '../words';
import { columnsOf, RUN_COLUMNS } from './run-columns';
import { RunFilters } from './run-filters';
import { placeOfLine, RunRow } from './run-row';
import { useRunList } from './use-run-list';

const Grid = late(async () => (await import('./runs-late')).Grid);
const ChooseTapestry = late(async () => (await import('./runs-late')).ChooseTapestry);
const StartDialog = late(async () => (await import('./runs-late')).StartDialog);

const ROW = 42;
/** Number of pages that are read for a view full of lines, before the page asks whether to go on. */
const SEARCHED = 15;
/** Lines that fill a view. */
const FULL = 40;

export function RunsPage({ place }: PageProps<'runs'>) {
  const [isStarting, setStarting] = useState(false);
  const [chosen, setChosen] = useState<string | undefined>(place.tapestry);
  const tapestries = about.value.tapestries;
  const start = (): void => {
    setChosen(place.tapestry ?? (tapestries.length === 1 ? tapestries[0]!.name : undefined));
    setStarting(true);
  };
  const canStart = mayAct() && tapestries.length > 0;
  useEffect(() => {
    if (canStart) setTimeout(StartDialog.prepare, 1_000);
  }, [canStart]);
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
  const columns = useMemo(() => columnsOf(place), [place.columns]);
  const parameters = columns.includes('parameters') || undefined;
  const ask = useMemo(
    () => ({ ...runsAsk(place, Date.now()), parameters }),
    [tapestry, definition, outcome, status, actor, trigger, tag, partition, since, until, parameters],
  );
  const runs = useRunList(ask);
  const { list } = runs;
  const [activeKey, setActiveKey] = useState<string>();
  const [marked, setMarked] = useState<readonly string[]>([]);
  const [searched, setSearched] = useState(SEARCHED);
  const search = useRef<HTMLInputElement>(null);
  const body = useRef<HTMLDivElement>(null);
  useEffect(() => {
    setActiveKey(undefined);
    setSearched(SEARCHED);
  }, [ask, text]);

  const rows = useMemo(() => list.rows.filter((run) => matchesText(run, text)), [list.rows, text]);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const lines = useMemo(() => {
    const folded = linesOf(rows, open);
    // Whoever asks for the runs of one trigger wants to see them.
    const [only] = place.trigger === undefined || folded.length > 1 ? [] : folded;
    return only ? linesOf(rows, new Set([only.key])) : folded;
  }, [rows, open, place.trigger]);
  const at = activeKey === undefined ? -1 : lines.findIndex(({ key }) => key === activeKey);
  const hasParts = lines.some(({ parts }) => parts > 0);
  const fresh = useMemo(() => list.fresh.filter((run) => matchesText(run, text)), [list.fresh, text]);
  // Many runs may be few lines: they are not all read because the end of the lines is in sight.
  const isSparse = lines.length < FULL || lines.length * FULL < list.rows.length;
  const mayGoOn = list.cursor !== undefined && list.pages < searched;
  const isSearching = list.isThere && mayGoOn && lines.length < FULL;
  useEffect(() => {
    if (isSearching && !runs.isLoading && !runs.error) runs.more();
  }, [isSearching, runs.isLoading, list.pages]);

  // The page searches for the text itself. The server applies the other filters, and may return empty pages.
  const searchFurther = (): void => {
    setSearched(list.pages + SEARCHED);
    runs.more();
  };

  const active = lines[at];
  const fold = ({ key, isOpen }: RunLine, wanted = !isOpen): void => {
    const next = new Set(open);
    if (wanted) next.add(key);
    else next.delete(key);
    setOpen(next);
  };
  const walk = (step: number): void => {
    const next = Math.max(0, Math.min(lines.length - 1, at + step));
    setActiveKey(lines[next]?.key);
  };
  useEffect(() => {
    if (at < 0) return;
    // A row that was out of view has to be rendered first.
    const timer = setTimeout(
      () => body.current?.querySelector<HTMLElement>('.virtual-row.active a')?.focus({ preventScroll: true }),
      0,
    );
    return () => clearTimeout(timer);
  }, [activeKey]);
  const mark = (run: string): void => {
    setMarked(marked.includes(run) ? marked.filter((one) => one !== run) : [...marked, run].slice(-2));
  };
  const compare = (): void => {
    if (marked.length === 2) go({ page: 'compare', first: marked[0]!, second: marked[1]! });
  };
  const showFresh = (): void => {
    announce(countWords(fresh.length, 'new run'));
    runs.showFresh();
    setActiveKey(undefined);
    body.current?.querySelector('.virtual')?.scrollTo({ top: 0 });
  };
  useEffect(() => {
    if (fresh.length > 0) announce(countWords(fresh.length, 'new run'));
  }, [fresh.length > 0]);
  useKeys('Runs', [
    { keys: ['j', 'ArrowDown'], says: 'Next run', run: () => walk(1) },
    { keys: ['k', 'ArrowUp'], says: 'Previous run', run: () => walk(-1) },
    { keys: 'Enter', says: 'Open the run', run: () => active && go(placeOfLine(active)) },
    { keys: 'ArrowRight', says: 'Show its child runs', run: () => active && fold(active, true) },
    { keys: 'ArrowLeft', says: 'Hide its child runs', run: () => active && fold(active, false) },
    { keys: '/', says: 'Filter by id', run: () => search.current?.select() },
    {
      keys: 'f',
      says: 'Show only failed runs, or all',
      run: () => alter('runs', { status: status === 'failed' ? undefined : 'failed' }),
    },
    { keys: 'n', says: 'Show new runs', run: showFresh, when: () => fresh.length > 0 },
    { keys: 'x', says: 'Mark to compare', run: () => active?.run && mark(active.run.runId) },
    { keys: 'c', says: 'Compare the two marked', run: compare, when: () => marked.length === 2 },
  ]);

  const isFiltered = Object.entries({ ...ask, parameters: undefined, text }).some(
    ([, filter]) => filter !== undefined,
  );
  const look = `${hasParts ? ' folded' : ''}${place.columns === undefined ? '' : ' chosen'}`;
  return (
    <>
      <RunFilters place={place} search={search} columns={columns} />
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
            <div class={`run-head row muted fine${look}`} aria-hidden="true">
              <span class="run-status">Status</span>
              <span class="run-name">Run</span>
              {columns.map((name) => (
                <span key={name} class={`run-${name} ${RUN_COLUMNS[name]!.look ?? ''}`}>
                  {RUN_COLUMNS[name]!.title}
                </span>
              ))}
            </div>
            <div class={`run-list column grow${look}`}>
              {(fresh.length > 0 || marked.length > 0) && (
                <div class="pill-line row">
                  {fresh.length > 0 && (
                    <button type="button" class="pill button inline primary" onClick={showFresh}>
                      {countWords(fresh.length, 'new run')}
                    </button>
                  )}
                  {marked.length === 2 && (
                    <button type="button" class="pill button inline primary" onClick={compare}>
                      Compare the two marked
                    </button>
                  )}
                </div>
              )}
              <VirtualList
                count={lines.length}
                loaded={list.pages}
                rowHeight={ROW}
                label="Runs"
                active={at}
                keyOf={(index) => lines[index]!.key}
                onEnd={() => {
                  if (!runs.error && (!isSparse || mayGoOn)) runs.more();
                }}
                onTop={() => at < 0 && fresh.length > 0 && showFresh()}
              >
                {(index) => (
                  <RunRow
                    line={lines[index]!}
                    columns={columns}
                    isFirst={at < 0 ? index === 0 : index === at}
                    isMarked={marked.includes(lines[index]!.run?.runId ?? '')}
                    onFocus={() => setActiveKey(lines[index]!.key)}
                    onFold={() => fold(lines[index]!)}
                  />
                )}
              </VirtualList>
            </div>
            <p class="list-foot row" role="status">
              {isSearching
                ? `Searching… ${countWords(list.rows.length, 'run')} so far`
                : `${countWords(rows.length, 'run')}${list.cursor === undefined ? '' : ' loaded; more as you scroll'}`}
              {!isSearching && list.cursor !== undefined && isSparse && !mayGoOn && (
                <Button kind="quiet" onClick={searchFurther}>
                  {text === undefined ? 'Load more' : 'Search more'}
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
