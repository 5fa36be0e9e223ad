import { useMemo, useState } from 'preact/hooks';
import type { AnswerOf } from '../../../operations';
import type { Comparison, Likeness } from '../../../operations/runs/compare';
import type { RunSummary } from '../../../operations/runs/summary';
import type { KnotStatus } from '../../../visualisation/marks';
import { durationOf } from '../../../visualisation/words';
import { FilterBar } from '../graph/filter-bar';
import { GraphView } from '../graph/graph-view';
import { TONES } from '../graph/status';
import { useKeys } from '../keys';
import { alter, go, type PageProps } from '../router';
import { closedOf } from '../run/closed-groups';
import { KnotAside, KnotButton, KnotSection } from '../run/knot-section';
import { KnotLink } from '../run/run-link';
import { RunModel } from '../run/run-model';
import { shownText } from '../shown-text';
import { useAnswer } from '../store';
import { Link } from '../ui/button';
import { HashChip } from '../ui/chip';
import { Icon } from '../ui/icons';
import { Outcome, RunOutcome } from '../ui/outcome';
import { Answered, type Asked } from '../ui/page';
import { Split } from '../ui/split';
import { Empty } from '../ui/states';
import { Muted } from '../ui/table';
import { Duration, Time } from '../ui/time';
import { VirtualList } from '../ui/virtual-list';
import { ValueDiff, ValuePreview } from '../value/value-preview';
import { countWords, durationWords } from '../words';

const STATUS_OF: Readonly<Record<Likeness, KnotStatus>> = {
  same: 'ok',
  hash: 'running',
  code: 'waiting',
  config: 'reused',
  outcome: 'failed',
  'only-first': 'skipped',
  'only-second': 'skipped',
  'not-run': 'pending',
};

const SHOWN_PARENTS = 20;
const LIKENESS_WORDS: Readonly<Record<Likeness, string>> = {
  same: 'same',
  hash: 'different',
  code: 'changed code',
  config: 'changed configuration',
  outcome: 'different outcome',
  'only-first': 'only in the first run',
  'only-second': 'only in the second run',
  'not-run': 'not run',
};

const COMPARE_WORDS: Readonly<Record<KnotStatus, string>> = {
  ok: 'same',
  running: 'different',
  waiting: 'changed code',
  reused: 'changed configuration',
  failed: 'different outcome',
  skipped: 'only in one run',
  pending: 'not run',
};

/** Differences of two runs: the first one, then the others in the order of the plan. */
function differing({ items, firstDifferent }: Comparison): Comparison['items'] {
  const others = items.filter(({ knotId, likeness }) => knotId !== firstDifferent && likeness !== 'not-run');
  return [...items.filter(({ knotId }) => knotId === firstDifferent), ...others];
}

/** Two runs of a tapestry as one graph, coloured by how their knots compare. */
export function ComparePage({ place }: PageProps<'compare'>) {
  const { first, second } = place;
  const answer = useAnswer(
    'runs.compare',
    { first, second },
    { staleOn: (event) => event.kind !== 'run-started' && (event.runId === first || event.runId === second) },
  );
  return (
    <Answered answer={answer} isQuiet>
      {(comparison) => <Compared place={place} comparison={comparison} />}
    </Answered>
  );
}

type ComparedProps = PageProps<'compare'> & { comparison: Comparison };

function Compared({ place, comparison }: ComparedProps) {
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
    <div class="column grow">
      <header class="compare-head row wrap">
        <h1 class="out-of-sight">Two runs compared</h1>
        <Side run={first} word="First" />
        <Icon name="compare" />
        <Side run={second} word="Second" />
      </header>
      <div class={`rp-banner row tone-${differ.length === 0 ? 'ok' : 'waiting'}`} role="status">
        <Icon name={differ.length === 0 ? 'check' : 'warning'} />
        <span class="message grow">{shownText(explanation)}</span>
        {firstDifferent !== undefined && (
          <Link to={{ ...place, knot: firstDifferent }}>Show {shownText(firstDifferent)}</Link>
        )}
      </div>
      <FilterBar model={model} filter={filter} onFilter={(text) => set({ filter: text || undefined })} />
      <Split
        name="compare"
        label="Width of the table"
        first={
          <div class="column grow">
            <GraphView
              model={model}
              selected={knot}
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
            <Pair key={knot} comparison={comparison} index={index} onSelect={select} />
          )
        }
      />
    </div>
  );
}

function Side({ run, word }: { run: RunSummary; word: string }) {
  return (
    <div class="row wrap">
      <Muted>{word}</Muted>
      <Link to={{ page: 'run', run: run.runId }} class="mono cut" title={shownText(run.runId)}>
        {shownText(run.runId)}
      </Link>
      <RunOutcome status={run.status} isBare />
      <Muted>
        <Time at={run.startedAt} />
        {run.finishedAt !== undefined && (
          <>
            {', '}
            <Duration from={run.startedAt} to={run.finishedAt} />
          </>
        )}
      </Muted>
    </div>
  );
}

interface DifferencesProps {
  comparison: Comparison;
  differ: Comparison['items'];
  onSelect: (id: string) => void;
}

function Differences({ comparison, differ, onSelect }: DifferencesProps) {
  if (differ.length === 0) return <Empty icon="check" title="All knots have the same values" />;
  return (
    <div class="differences column">
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
            <button type="button" class="pick lined difference" onClick={() => onSelect(id)}>
              <span class="mono cut" title={shownText(id)}>
                {shownText(id)}
              </span>
              <Outcome
                tone={TONES[STATUS_OF[likeness]]}
                word={`${LIKENESS_WORDS[likeness]}${id === comparison.firstDifferent ? ', first' : ''}`}
                isBare
              />
              <span class="muted fine cut" title={shownText(explanation)}>
                {shownText(explanation)}
              </span>
            </button>
          );
        }}
      </VirtualList>
    </div>
  );
}

interface PairProps {
  comparison: Comparison;
  index: number;
  onSelect: (id: string | undefined) => void;
}

function Pair({ comparison, index, onSelect }: PairProps) {
  const { graph, items, first, second } = comparison;
  const { id, definition, kind } = graph.knots[index]!;
  const { likeness = 'same', explanation, parents = [] } = items.find(({ knotId }) => knotId === id) ?? {};
  const ofFirst = useAnswer(
    'knots.show',
    likeness === 'only-second' ? undefined : { runId: first.runId, knotId: id },
  );
  const ofSecond = useAnswer(
    'knots.show',
    likeness === 'only-first' ? undefined : { runId: second.runId, knotId: id },
  );
  const [one, other] = [ofFirst, ofSecond].map(({ value }) => value?.state?.outputHash);
  const isPair = one !== undefined && other !== undefined && one !== other;
  return (
    <KnotAside id={id} note={shownText(definition ?? kind)} onClose={() => onSelect(undefined)}>
      <div class="knot-facts row wrap">
        <Outcome tone={TONES[STATUS_OF[likeness]]} word={LIKENESS_WORDS[likeness]} />
        {parents.slice(0, SHOWN_PARENTS).map((parent) => (
          <KnotButton key={parent} id={parent} onSelect={onSelect} />
        ))}
      </div>
      {explanation !== undefined && <p class="message">{shownText(explanation)}</p>}
      {isPair && (
        <KnotSection title="Values">
          <ValueDiff first={{ run: first.runId, hash: one }} second={{ run: second.runId, hash: other }} />
        </KnotSection>
      )}
      {likeness !== 'only-second' && (
        <Half title="First" run={first.runId} knot={id} answer={ofFirst} hasValue={!isPair} />
      )}
      {likeness !== 'only-first' && (
        <Half title="Second" run={second.runId} knot={id} answer={ofSecond} hasValue={!isPair} />
      )}
    </KnotAside>
  );
}

interface HalfProps {
  title: string;
  run: string;
  knot: string;
  answer: Asked<AnswerOf<'knots.show'>>;
  hasValue: boolean;
}

function Half({ title, run, knot, answer, hasValue }: HalfProps) {
  const state = answer.value?.state;
  const took = durationOf({ state });
  return (
    <KnotSection
      title={
        <>
          {title}:{' '}
          <KnotLink run={run} knot={knot}>
            {run}
          </KnotLink>
        </>
      }
      aside={state?.outputHash !== undefined && <HashChip hash={state.outputHash} run={run} />}
    >
      <Answered answer={answer} rows={2} height={22}>
        {({ codeHash, error }) => (
          <>
            <p class="muted">
              {state ? state.outcome : 'not run'}
              {took !== undefined && `, ${durationWords(took)}`}
              {codeHash !== undefined && (
                <>
                  {', code '}
                  <code>{(state?.ranCodeHash ?? codeHash).slice(0, 8)}</code>
                </>
              )}
            </p>
            {error && (
              <p class="message tone-err">
                {shownText(error.type)}: {shownText(error.message)}
              </p>
            )}
            {hasValue && state?.outputHash !== undefined && (
              <ValuePreview hash={state.outputHash} run={run} height={240} />
            )}
          </>
        )}
      </Answered>
    </KnotSection>
  );
}
