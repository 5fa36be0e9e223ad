import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { AnswerOf } from '../../../operations';
import type { RunView } from '../../../operations/runs/show';
import { BACKFILL } from '../../../backfills/names';
import { usualTimes } from '../../../visualisation/marks';
import { about, isFile, mayAct } from '../app';
import { GraphView } from '../graph/graph-view';
import { prepareLayout } from '../graph/lay-out';
import { FilterBar } from '../graph/filter-bar';
import { useKeys } from '../keys';
import { onLive } from '../live';
import { CancelDialog, TerminateDialog } from '../pages/act-dialogs';
import { alter, go, type PageProps } from '../router';
import { shownText } from '../shown-text';
import { useAnswer } from '../store';
import { Button } from '../ui/button';
import { copy } from '../ui/copy';
import { Icon } from '../ui/icons';
import { Split } from '../ui/split';
import { Empty, ErrorBox, Skeleton } from '../ui/states';
import { Tabs } from '../ui/tabs';
import { TimelineView } from '../timeline/timeline-view';
import { BackfillPartitions } from './backfill-partitions';
import { closedOf, closedText } from './closed-groups';
import { FailureBanner, hasReason } from './failure-banner';
import { KnotList } from './knot-list';
import { KnotPanel } from './knot-panel';
import { LogView } from './log-view';
import { Parameters } from './parameters';
import { RunModel } from './run-model';
import { RerunDialog } from './rerun-dialog';
import { bannerOf } from './waits';
import { RunHead, type RunAct } from './run-head';

type Explanation = AnswerOf<'runs.explain'>;

/** The usual times of knots are those of the week before the run. */
const USUAL_MS = 7 * 86_400_000;
const before = (until: number): { since: number; until: number } => ({ since: until - USUAL_MS, until });

const WAITING_MS = 2000;
/** Largest run whose reasons of waiting are asked for at events: in larger ones, only the clock asks. */
const ASKED_AT_EVENTS = 1_000;

export function RunPage({ place }: PageProps<'run'>) {
  const { run } = place;
  useEffect(prepareLayout, []);
  const { value, error, reload } = useAnswer(
    'runs.show',
    { runId: run },
    {
      staleOn: (event) => event.runId === run && event.kind !== 'knot-finished',
    },
  );
  const model = useModel(value);
  const isOver = value !== undefined && value.run.status !== 'running';
  const waits = useAnswer('runs.explain', value && !isOver ? { runId: run } : undefined, {
    everyMs: WAITING_MS,
    staleOn: (event) =>
      event.runId === run && (event.kind !== 'knot-finished' || value!.graph.knots.length <= ASKED_AT_EVENTS),
  });
  const begun = isFile ? undefined : value?.run.startedAt;
  const usual = useAnswer(
    'stats.show',
    begun ? { ...before(begun), noBaseline: true, limit: 10_000 } : undefined,
  );
  useEffect(() => {
    if (model && usual.value) model.setUsual(usualTimes(usual.value.items));
  }, [model, usual.value]);
  const waiting = isOver ? undefined : waits.value?.waiting;
  // Both answers are merged at once: a newer graph alone would take away the waits.
  useEffect(() => {
    if (model && value) model.refresh(value.graph, waiting);
  }, [model, value, waiting]);
  if (error && !value) return <ErrorBox error={error} onRetry={reload} />;
  if (!value || !model) return <Skeleton />;
  return (
    <Loaded
      key={run}
      place={place}
      view={value}
      model={model}
      waiting={waiting}
      step={isOver ? undefined : waits.value?.workflowTask}
    />
  );
}

/** One model for a run and its wiring. Newer answers are merged into it, so that views keep their state. */
function useModel(view: RunView | undefined): RunModel | undefined {
  const kept = useRef<{ key: string; model: RunModel }>();
  const key =
    view &&
    `${view.run.runId}\n${view.run.temporalRunId}\n${view.graph.planHash}\n${view.graph.knots.length}`;
  if (view && kept.current?.key !== key) kept.current = { key: key!, model: new RunModel(view.graph) };
  const model = view ? kept.current?.model : undefined;
  const run = view?.run.runId;
  useEffect(
    () => model && onLive((events) => model.apply(events.filter((event) => event.runId === run))),
    [model, run],
  );
  return model;
}

const ALL_VIEWS = ['partitions', 'graph', 'timeline', 'list', 'logs', 'parameters'] as const;
type View = (typeof ALL_VIEWS)[number];
/** Views without the filter bar: they show no knots, or filter by themselves. */
const UNFILTERED: ReadonlySet<View> = new Set(['partitions', 'logs', 'parameters']);
const TITLES: Readonly<Record<View, string>> = {
  partitions: 'Partitions',
  graph: 'Graph',
  timeline: 'Timeline',
  list: 'List',
  logs: 'Logs',
  parameters: 'Parameters',
};

interface LoadedProps extends PageProps<'run'> {
  view: RunView;
  model: RunModel;
  waiting: Explanation['waiting'];
  step: Explanation['workflowTask'];
}

function Loaded({ place, view, model, waiting, step }: LoadedProps) {
  const { run, filter = '', knot } = place;
  // A file has no other runs, and shows the log of each knot in its panel.
  const isBackfill = view.run.tapestry === BACKFILL && !isFile;
  const views = ALL_VIEWS.filter((id) => (id === 'partitions' ? isBackfill : id !== 'logs' || !isFile));
  const shown: View = views.find((one) => one === place.view) ?? views[0]!;
  const [act, setAct] = useState<RunAct>();
  const [rerun, setRerun] = useState<{ readonly from?: string }>();
  const isOver = view.run.status !== 'running';
  const canRerun = mayAct() && isOver;
  const hasFailed = isOver && view.run.status !== 'succeeded' && hasReason(view);
  const closed = useMemo(() => closedOf(place.closed, model.knots), [place.closed, model]);
  const banner = useMemo(() => (isOver ? undefined : bannerOf(waiting ?? {}, step)), [isOver, waiting, step]);
  const set = (values: Parameters<typeof alter<'run'>>[1]): void => alter('run', values, { replace: true });
  const select = (id: string | undefined): void => set({ knot: id, element: undefined });
  const show = (id: string): void => set({ view: id === views[0] ? undefined : id });

  useKeys('Run', [
    ...views.map((id, index) => ({ keys: String(index + 1), says: TITLES[id], run: () => show(id) })),
    {
      keys: '[',
      says: 'Earlier run',
      when: () => view.previousRunId !== undefined,
      run: () => goTo(place, view.previousRunId!),
    },
    {
      keys: ']',
      says: 'Later run',
      when: () => view.nextRunId !== undefined,
      run: () => goTo(place, view.nextRunId!),
    },
    {
      keys: 'r',
      says: 'Run again',
      when: () => canRerun,
      run: () => setRerun(knot === undefined ? {} : { from: knot }),
    },
    {
      keys: 'c',
      says: 'Compare with the run before',
      when: () => view.previousRunId !== undefined && about.value.abilities.pages.includes('compare'),
      run: () => go({ page: 'compare', first: view.previousRunId!, second: run }),
    },
    { keys: 'y', says: 'Copy the run’s id', run: () => copy(run, 'Id') },
    { keys: 'Escape', says: 'Close the panel', when: () => knot !== undefined, run: () => select(undefined) },
  ]);

  const picture = (
    <div class="column grow">
      {shown === 'partitions' && <BackfillPartitions run={run} />}
      {shown === 'graph' && (
        <GraphView
          model={model}
          selected={knot}
          closed={closed}
          filter={filter}
          camera={place.at}
          onSelect={select}
          onClosed={(names) => set({ closed: closedText(names) })}
          onCamera={(at) => set({ at })}
          onList={() => show('list')}
        />
      )}
      {shown === 'timeline' && (
        <TimelineView
          place={place}
          model={model}
          start={view.run.startedAt}
          end={isOver ? (view.run.finishedAt ?? view.run.startedAt) : undefined}
          closed={closed}
        />
      )}
      {shown === 'list' && <KnotList model={model} selected={knot} filter={filter} onSelect={select} />}
      {shown === 'logs' && <LogView place={place} isOver={isOver} />}
      {shown === 'parameters' && <Parameters run={run} model={model} onSelect={select} />}
    </div>
  );
  const isPanel = knot !== undefined && model.indexOf(knot) !== undefined;
  return (
    <div class="run column grow">
      <RunHead view={view} onAct={setAct} onRerun={canRerun && !hasFailed ? () => setRerun({}) : undefined} />
      {banner && (
        <div class="rp-banner row tone-waiting" role="status">
          <Icon name="pause" />
          <span class="message grow">{shownText(banner.sentence)}</span>
          {banner.knot !== undefined && (
            <Button kind="quiet" onClick={() => select(banner.knot)}>
              Show
            </Button>
          )}
        </div>
      )}
      {hasFailed && (
        <FailureBanner view={view} onSelect={select} onResume={canRerun ? () => setRerun({}) : undefined} />
      )}
      <Tabs
        isFilling
        label="Views of the run"
        tabs={views.map((id) => ({ id, title: TITLES[id] }))}
        chosen={shown}
        onChoose={show}
      >
        {model.knots.length === 0 ? (
          <Empty icon="tapestry" title="This run has no knots" />
        ) : (
          <>
            {!UNFILTERED.has(shown) && (
              <FilterBar
                model={model}
                filter={filter}
                onFilter={(text) => set({ filter: text || undefined })}
              />
            )}
            {/* The tree of elements is the same with and without the panel, so that the view beside it is not mounted
                anew. */}
            <div class={isPanel ? 'column grow' : 'column grow alone'}>
              <Split
                name="knot"
                label="Width of the knot’s panel"
                first={picture}
                second={
                  isPanel && (
                    <KnotPanel
                      key={knot}
                      run={run}
                      model={model}
                      knot={knot}
                      element={place.element}
                      onRerun={canRerun ? (from) => setRerun({ from }) : undefined}
                      onSelect={select}
                      onElement={(element) => set({ element })}
                      onClose={() => select(undefined)}
                    />
                  )
                }
              />
            </div>
          </>
        )}
      </Tabs>
      {act === 'cancel' && <CancelDialog run={run} onClose={() => setAct(undefined)} />}
      {act === 'terminate' && <TerminateDialog run={run} onClose={() => setAct(undefined)} />}
      {rerun && <RerunDialog run={run} model={model} {...rerun} onClose={() => setRerun(undefined)} />}
    </div>
  );
}

function goTo({ view, filter, closed, knot }: PageProps<'run'>['place'], run: string): void {
  go({ page: 'run', run, view, filter, closed, knot });
}
