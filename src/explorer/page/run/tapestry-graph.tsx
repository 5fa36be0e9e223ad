import { useMemo, useState } from 'preact/hooks';
import type { GraphKnot } from '../../../authoring/run-graph';
import type { TapestryView } from '../../../operations/tapestries/view';
import { FilterBar } from '../graph/filter-bar';
import { GraphView } from '../graph/graph-view';
import { useKeys } from '../keys';
import { shownText } from '../shown-text';
import { Button } from '../ui/button';
import { HashChip } from '../ui/chip';
import { Facts } from '../ui/facts';
import { Split } from '../ui/split';
import { Muted } from '../ui/table';
import { closedOf } from './closed-groups';
import { KnotList } from './knot-list';
import { KnotAside, KnotButton, KnotSection } from './knot-section';
import { RunModel } from './run-model';

/** Before a run, all knots are pending, so the word "pending" is omitted. */
const PLAN_WORDS = { pending: '' };

export function TapestryGraph(props: {
  view: TapestryView;
  knot: string | undefined;
  onSelect: (id: string | undefined) => void;
}) {
  const { view, knot, onSelect } = props;
  const { graph } = view;
  const model = useMemo(() => new RunModel(graph, {}, { words: PLAN_WORDS }), [graph]);
  const [closed, setClosed] = useState<ReadonlySet<string>>(() => closedOf(undefined, graph.knots));
  const [filter, setFilter] = useState('');
  const [isList, setList] = useState(false);
  const chosen = knot === undefined ? undefined : model.indexOf(knot);
  useKeys('Tapestry', [
    { keys: '3', says: 'Graph or list', run: () => setList(!isList) },
    {
      keys: 'Escape',
      says: 'Close the panel',
      when: () => knot !== undefined,
      run: () => onSelect(undefined),
    },
  ]);
  const picture = (
    <div class="column grow">
      {isList ? (
        <KnotList model={model} selected={knot} filter={filter} onSelect={onSelect} />
      ) : (
        <GraphView
          model={model}
          selected={knot}
          closed={closed}
          filter={filter}
          onSelect={onSelect}
          onClosed={setClosed}
          onList={() => setList(true)}
        />
      )}
    </div>
  );
  return (
    <div class="tapestry-graph column grow">
      <FilterBar model={model} filter={filter} onFilter={setFilter}>
        <Button isPressed={isList} icon="list" onClick={() => setList(!isList)}>
          List
        </Button>
      </FilterBar>
      <div class={`column grow${chosen === undefined ? ' alone' : ''}`}>
        <Split
          name="knot"
          label="Width of the knot’s panel"
          first={picture}
          second={
            chosen !== undefined && (
              <Wired
                knot={graph.knots[chosen]!}
                nameOf={(index) => graph.knots[index]!.id}
                onSelect={onSelect}
              />
            )
          }
        />
      </div>
    </div>
  );
}

function Wired(props: {
  knot: GraphKnot;
  nameOf: (index: number) => string;
  onSelect: (id: string | undefined) => void;
}) {
  const { knot, nameOf, onSelect } = props;
  return (
    <KnotAside
      id={knot.id}
      note={shownText(knot.summary ?? knot.definition ?? knot.kind)}
      onClose={() => onSelect(undefined)}
    >
      <section class="knot-section">
        <Facts
          facts={[
            ['Kind', knot.kind],
            ['Each', shownText(knot.each)],
            ['Version', shownText(knot.version)],
            ['Signal', shownText(knot.signal)],
            ['Task queue', shownText(knot.taskQueue)],
            ['Terminal', shownText(knot.terminals?.join(', '))],
            ['Cache', knot.cached && 'its value is reused'],
            ['Dispatcher', knot.local && 'local'],
            ['Optional', knot.optional && 'its failure is let pass'],
            ['Code', knot.codeHash !== undefined && <HashChip hash={knot.codeHash} isLink={false} />],
          ]}
        />
      </section>
      {knot.inputs.length > 0 && (
        <KnotSection title="Inputs">
          {knot.inputs.map((input) => (
            <div key={input.name} class="knot-input knot-input-head row">
              <span class="mono cut grow">{shownText(input.name)}</span>
              {'from' in input ? (
                <KnotButton id={nameOf(input.from)} onSelect={onSelect} />
              ) : (
                <Muted>constant</Muted>
              )}
            </div>
          ))}
        </KnotSection>
      )}
    </KnotAside>
  );
}
