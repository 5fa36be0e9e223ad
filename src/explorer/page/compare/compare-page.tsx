import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { Comparison } from '../../../operations/runs/compare';
import type { RunSummary } from '../../../operations/runs/summary';
import { durationOf } from '../../../visualisation/words';
import { FilterBar } from '../graph/filter-bar';
import { GraphView } from '../graph/graph-view';
import { TONES } from '../graph/tones';
import { useKeys } from '../keys';
import type { PageProps } from '../pages';
import { alter, go, href } from '../router';
import { closedOf } from '../run/closed-groups';
import { RunModel } from '../run/run-model';
import { shownText } from '../shown-text';
import { useAnswer } from '../store';
import { Button } from '../ui/button';
import { HashChip } from '../ui/chip';
import { Icon } from '../ui/icons';
import { Outcome, RunOutcome } from '../ui/outcome';
import { Split } from '../ui/split';
import { Empty, ErrorBox, Skeleton } from '../ui/states';
import { Duration, Time } from '../ui/time';
import { VirtualList } from '../ui/virtual-list';
import { ValuePreview } from '../value/value-preview';
import { countWords, durationWords } from '../words';
import { COMPARE_WORDS, LIKENESS_WORDS, STATUS_OF, differing } from './likeness';

/** Two runs of a tapestry as one graph, coloured by how their knots compare. */
export function ComparePage({ place }: PageProps<'compare'>): JSX.Element {
  const { first, second } = place;
  const { value, error, reload } = useAnswer(
    'runs.compare',
    { first, second },
    { staleOn: (event) => event.kind !== 'run-started' && (event.runId === first || event.runId === second) },
  );
  if (value) return <Compared place={place} comparison={value} />;
  if (error) return <ErrorBox error={error} onRetry={reload} />;
  return <Skeleton />;
}

function Compared({
  place,
  comparison,
}: {
  place: PageProps<'compare'>['place'];
  comparison: Comparison;
}): JSX.Element {
  const { first, second, graph, items, firstDifferent, explanation } = comparison;
  const { knot, filter = '' } = place;
  const model = useMemo(() => {
    const others = new Map(items.map(({ knotId, likeness }) => [knotId, likeness]));
    const statuses = graph.knots.map(({ id }) => STATUS_OF[others.get(id) ?? 'same']);
    return new RunModel(graph, {}, { statuses, words: COMPARE_WORDS });
  }, [comparison]);
  const [closed, setClosed] = useState<ReadonlySet<string>>(() => closedOf(undefined, graph.knots));
  const differ = useMemo(() => differing(comparison), [comparison]);
  const set = (values: Parameters<typeof alter<'compare'>>[1]): void =>
    alter('compare', values, { replace: true });
  const select = (id: string | undefined): void => set({ knot: id });
  const index = knot === undefined ? undefined : model.indexOf(knot);
  useKeys('Compare', [
    {
      keys: 'd',
      says: 'First difference',
      when: () => firstDifferent !== undefined,
      run: () => select(firstDifferent),
    },
    {
      keys: 'x',
      says: 'Swap',
      run: () => go({ ...place, first: place.second, second: place.first }),
    },
    {
      keys: 'Escape',
      says: 'Back to the list',
      when: () => knot !== undefined,
      run: () => select(undefined),
    },
  ]);
  return (
    <div class="run compare">
      <header class="compare-head">
        <h1 class="out-of-sight">Two runs compared</h1>
        <Side run={first} word="First" />
        <Icon name="compare" />
        <Side run={second} word="Second" />
      </header>
      <div class={`rp-banner ${differ.length === 0 ? 'ok' : ''}`} role="status">
        <Icon name={differ.length === 0 ? 'check' : 'warning'} />
        <span class="message">{shownText(explanation)}</span>
        {firstDifferent !== undefined && (
          <Button kind="quiet" onClick={() => select(firstDifferent)}>
            Show
          </Button>
        )}
      </div>
      <FilterBar model={model} filter={filter} onFilter={(text) => set({ filter: text || undefined })} />
      <Split
        name="compare"
        label="Width of the table"
        first={
          <div class="rp-view">
            <GraphView
              model={model}
              {...(knot !== undefined && { selected: knot })}
              closed={closed}
              filter={filter}
              onSelect={select}
              onClosed={setClosed}
            />
          </div>
        }
        second={
          index === undefined ? (
            <Differences comparison={comparison} differ={differ} onSelect={select} />
          ) : (
            <Pair key={knot} comparison={comparison} index={index} onClose={() => select(undefined)} />
          )
        }
      />
    </div>
  );
}

function Side({ run, word }: { run: RunSummary; word: string }): JSX.Element {
  return (
    <div class="compare-side">
      <span class="muted">{word}</span>
      <a class="plain mono cut" href={href({ page: 'run', run: run.runId })} title={shownText(run.runId)}>
        {shownText(run.runId)}
      </a>
      <RunOutcome status={run.status} isBare />
      <span class="muted">
        <Time at={run.startedAt} />
        {run.finishedAt !== undefined && (
          <>
            {', '}
            <Duration from={run.startedAt} to={run.finishedAt} />
          </>
        )}
      </span>
    </div>
  );
}

function Differences({
  comparison,
  differ,
  onSelect,
}: {
  comparison: Comparison;
  differ: Comparison['items'];
  onSelect: (id: string) => void;
}): JSX.Element {
  if (differ.length === 0) return <Empty icon="check" title="All knots have the same values" />;
  return (
    <div class="differences">
      <h2>
        {countWords(differ.length, 'knot')} differ{differ.length === 1 ? 's' : ''}
      </h2>
      <VirtualList
        count={differ.length}
        rowHeight={58}
        label="Knots that differ"
        keyOf={(row) => differ[row]!.knotId}
      >
        {(row) => {
          const { knotId: id, likeness, explanation = '' } = differ[row]!;
          return (
            <button type="button" class="difference" onClick={() => onSelect(id)}>
              <span class="mono cut" title={shownText(id)}>
                {shownText(id)}
              </span>
              <Outcome
                tone={TONES[STATUS_OF[likeness]]}
                word={`${LIKENESS_WORDS[likeness]}${id === comparison.firstDifferent ? ', first' : ''}`}
                isBare
              />
              <span class="muted cut" title={shownText(explanation)}>
                {shownText(explanation)}
              </span>
            </button>
          );
        }}
      </VirtualList>
    </div>
  );
}

/** One knot in both runs. */
function Pair({
  comparison,
  index,
  onClose,
}: {
  comparison: Comparison;
  index: number;
  onClose: () => void;
}): JSX.Element {
  const { graph, items, first, second } = comparison;
  const { id, definition, kind } = graph.knots[index]!;
  const { likeness = 'same', explanation } = items.find(({ knotId }) => knotId === id) ?? {};
  return (
    <aside class="knot" aria-label={`Knot ${shownText(id)}`}>
      <header class="knot-head">
        <div class="knot-title">
          <h2 class="mono">{shownText(id)}</h2>
          <p class="muted">{shownText(definition ?? kind)}</p>
        </div>
        <Button kind="quiet" icon="close" label="Close" onClick={onClose} />
      </header>
      <div class="knot-facts">
        <Outcome tone={TONES[STATUS_OF[likeness]]} word={LIKENESS_WORDS[likeness]} />
      </div>
      {explanation !== undefined && <p class="message">{shownText(explanation)}</p>}
      {likeness !== 'only-second' && <Half title="First" run={first.runId} knot={id} />}
      {likeness !== 'only-first' && <Half title="Second" run={second.runId} knot={id} />}
    </aside>
  );
}

function Half({ title, run, knot }: { title: string; run: string; knot: string }): JSX.Element {
  const { value, error, reload } = useAnswer('knots.show', { runId: run, knotId: knot });
  const state = value?.state;
  const took = durationOf({ state });
  return (
    <section class="knot-section">
      <header>
        <h3>
          {title}:{' '}
          <a class="plain mono" href={href({ page: 'run', run, knot })}>
            {shownText(run)}
          </a>
        </h3>
        {state?.outputHash !== undefined && <HashChip hash={state.outputHash} run={run} />}
      </header>
      {error && <ErrorBox error={error} onRetry={reload} />}
      {!value && !error && <Skeleton rows={2} height={22} />}
      {value && (
        <p class="muted">
          {state ? state.outcome : 'not run'}
          {took !== undefined && `, ${durationWords(took)}`}
          {value.codeHash !== undefined && (
            <>
              {', code '}
              <code>{(state?.ranCodeHash ?? value.codeHash).slice(0, 8)}</code>
            </>
          )}
        </p>
      )}
      {value?.error && (
        <p class="message tone-err">
          {shownText(value.error.type)}: {shownText(value.error.message)}
        </p>
      )}
      {state?.outputHash !== undefined && <ValuePreview hash={state.outputHash} run={run} height={240} />}
    </section>
  );
}
