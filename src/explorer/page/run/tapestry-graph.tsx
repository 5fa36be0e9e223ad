import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { GraphKnot } from '../../../authoring/run-graph';
import type { TapestryView } from '../../../operations/tapestries/view';
import { FilterBar } from '../graph/filter-bar';
import { GraphView } from '../graph/graph-view';
import { useKeys } from '../keys';
import { shownText } from '../shown-text';
import { Button } from '../ui/button';
import { HashChip } from '../ui/chip';
import { copy } from '../ui/copy';
import { Facts } from '../ui/facts';
import { Split } from '../ui/split';
import { closedOf } from './closed-groups';
import { KnotList } from './knot-list';
import { RunModel } from './run-model';

/** Before a run, all knots are pending, so the word is omitted. */
const PLAN_WORDS = { pending: '' };

/** The knots of a tapestry as a graph or a list, before any run. */
export function TapestryGraph({
  view,
  knot,
  onSelect,
}: {
  view: TapestryView;
  knot: string | undefined;
  onSelect: (id: string | undefined) => void;
}): JSX.Element {
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
    <div class="rp-view">
      {isList ? (
        <KnotList model={model} selected={knot} filter={filter} onSelect={onSelect} />
      ) : (
        <GraphView
          model={model}
          {...(knot !== undefined && { selected: knot })}
          closed={closed}
          filter={filter}
          onSelect={onSelect}
          onClosed={setClosed}
        />
      )}
    </div>
  );
  return (
    <div class="rp-tabs">
      <FilterBar model={model} filter={filter} onFilter={setFilter}>
        <Button isPressed={isList} icon="list" onClick={() => setList(!isList)}>
          List
        </Button>
      </FilterBar>
      <div class={chosen === undefined ? 'rp-split alone' : 'rp-split'}>
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

/** A knot's part of the wiring. */
function Wired({
  knot,
  nameOf,
  onSelect,
}: {
  knot: GraphKnot;
  nameOf: (index: number) => string;
  onSelect: (id: string | undefined) => void;
}): JSX.Element {
  return (
    <aside class="knot" aria-label={`Knot ${shownText(knot.id)}`}>
      <header class="knot-head">
        <div class="knot-title">
          <h2 class="mono">{shownText(knot.id)}</h2>
          <p class="muted">{shownText(knot.summary ?? knot.definition ?? knot.kind)}</p>
        </div>
        <Button kind="quiet" icon="copy" label="Copy the id" onClick={() => copy(knot.id, 'Id')} />
        <Button kind="quiet" icon="close" label="Close" onClick={() => onSelect(undefined)} />
      </header>
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
        <section class="knot-section">
          <header>
            <h3>Inputs</h3>
          </header>
          {knot.inputs.map((input) => (
            <div key={input.name} class="knot-input knot-input-head">
              <span class="mono cut knot-fold">{shownText(input.name)}</span>
              {'from' in input ? (
                <button type="button" class="tag mono" onClick={() => onSelect(nameOf(input.from))}>
                  {shownText(nameOf(input.from))}
                </button>
              ) : (
                <span class="muted">constant</span>
              )}
            </div>
          ))}
        </section>
      )}
    </aside>
  );
}
