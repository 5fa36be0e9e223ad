import { useMemo, useState } from 'preact/hooks';
import { selectKnots } from '../../../visualisation';
import { durationOf } from '../../../visualisation/words';
import { spoken } from '../graph/spoken';
import { useKeys } from '../keys';
import { shownText } from '../shown-text';
import { Empty } from '../ui/states';
import { announce } from '../ui/toast';
import { VirtualList } from '../ui/virtual-list';
import { durationWords, shortHash } from '../words';
import { Marks } from './marks';
import type { RunModel } from './run-model';
import { useRunChanges } from './use-run-changes';

const COLUMNS = ['Knot', 'Definition', 'Status', 'Took', 'Value'];

/** All knots in the order of the plan, as a table: the graph's equivalent for screen readers. */
export function KnotList(props: {
  model: RunModel;
  selected: string | undefined;
  filter: string;
  onSelect: (id: string) => void;
}) {
  const { model, selected, filter, onSelect } = props;
  const version = useRunChanges(model);
  const [active, setActive] = useState(-1);
  const knots = useMemo(
    () => [...selectKnots(model.graph, filter, (knot) => model.statusOf(knot)).knots],
    [model, filter, version],
  );
  const chosen = selected === undefined ? undefined : model.indexOf(selected);
  const at = chosen === undefined ? active : knots.indexOf(chosen);
  const walk = (to: number): void => {
    const knot = knots[Math.max(0, Math.min(knots.length - 1, to))];
    if (knot === undefined) return;
    setActive(to);
    onSelect(model.knots[knot]!.id);
    announce(spoken(model, knot));
  };
  useKeys('List', [
    { keys: ['ArrowDown', 'j'], says: 'Next knot', run: () => walk(at + 1) },
    { keys: ['ArrowUp', 'k'], says: 'Previous knot', run: () => walk(at - 1) },
    { keys: 'Home', says: 'First knot', run: () => walk(0), isHidden: true },
    { keys: 'End', says: 'Last knot', run: () => walk(knots.length - 1), isHidden: true },
  ]);
  if (knots.length === 0) return <Empty icon="filter" title="No matching knots" />;
  return (
    <VirtualList
      count={knots.length}
      rowHeight={matchMedia('(max-width: 600px)').matches ? 56 : 36}
      label="Knots"
      head={
        <div class="knot-row muted fine" role="row">
          {COLUMNS.map((title) => (
            <span key={title} role="columnheader">
              {title}
            </span>
          ))}
        </div>
      }
      active={at}
      keyOf={(index) => model.knots[knots[index]!]!.id}
    >
      {(index) => {
        const knot = knots[index]!;
        const { id, definition, kind } = model.knots[knot]!;
        const state = model.states[knot];
        const took = durationOf({ state });
        const marks = model.marks[knot]!;
        return (
          <div class="pick lined knot-row" role="presentation">
            <span class="cut" role="cell">
              <button
                type="button"
                class="bare-button mono"
                aria-current={knot === chosen ? 'true' : undefined}
                onClick={() => onSelect(id)}
              >
                {shownText(id)}
              </button>
            </span>
            <span class="muted cut" role="cell">
              {shownText(definition ?? kind)}
            </span>
            <span class="cut" role="cell">
              <Marks marks={marks} />
            </span>
            <span class="number right" role="cell">
              {took === undefined ? '' : durationWords(took)}
            </span>
            <code class="muted" role="cell">
              {state?.outputHash === undefined ? '' : shortHash(state.outputHash)}
            </code>
          </div>
        );
      }}
    </VirtualList>
  );
}
