import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { selectKnots } from '../../../visualisation';
import { groupsOf } from '../../../visualisation/groups';
import { spoken } from '../graph/spoken';
import { useKeys } from '../keys';
import { toggled } from '../run/closed-groups';
import type { RunModel } from '../run/run-model';
import { Button, Segmented } from '../ui/button';
import { announce } from '../ui/toast';
import { ORDERS, type Order } from './rows';
import { TimelineStage } from './timeline-stage';

interface TimelineViewProps {
  readonly model: RunModel;
  readonly start: number;
  readonly end?: number;
  readonly selected?: string;
  readonly filter: string;
  readonly closed: ReadonlySet<string>;
  /** The chosen times, in milliseconds from the run's start. */
  readonly window?: readonly [number, number];
  onSelect(id: string): void;
  onClosed(names: ReadonlySet<string>): void;
  onWindow(window: readonly [number, number] | undefined): void;
}

const ORDER_WORDS: Readonly<Record<Order, string>> = { start: 'Start', plan: 'Plan', duration: 'Duration' };

export function TimelineView(props: TimelineViewProps) {
  const { model, start, end, filter, closed, window } = props;
  const host = useRef<HTMLDivElement>(null);
  const stage = useRef<TimelineStage>();
  const latest = useRef(props);
  latest.current = props;
  const [order, setOrder] = useState<Order>('start');
  const [isNested, setNested] = useState(false);
  const selected = props.selected === undefined ? undefined : model.indexOf(props.selected);
  const groups = useMemo(() => (isNested ? groupsOf(model.knots).groups : []), [model, isNested]);

  useLayoutEffect(() => {
    const made = new TimelineStage(host.current!, model, start, end, {
      onSelect: (knot) => latest.current.onSelect(model.knots[knot]!.id),
      onToggleGroup: (name) => latest.current.onClosed(toggled(latest.current.closed, name)),
      onWindow: (next) => latest.current.onWindow(next),
    });
    stage.current = made;
    return () => made.close();
  }, [model, start]);
  useLayoutEffect(() => stage.current?.setEnd(end), [model, end]);
  const key = [...closed].join('\n');
  useLayoutEffect(() => {
    const only =
      filter.trim() === ''
        ? undefined
        : selectKnots(model.graph, filter, (knot) => model.statusOf(knot)).knots;
    stage.current?.setRows({ order, closed, groups, ...(only && { only }) });
  }, [model, start, order, groups, key, filter]);
  useLayoutEffect(() => stage.current?.setWindow(window), [model, start, window?.[0], window?.[1]]);
  useLayoutEffect(() => stage.current?.select(selected), [model, start, selected]);

  const walk = (by: 1 | -1): void => {
    const next = stage.current?.beside(selected, by);
    if (next === undefined) return;
    stage.current!.select(next, { reveal: true });
    props.onSelect(model.knots[next]!.id);
    announce(spoken(model, next));
  };
  useKeys('Timeline', [
    { keys: ['ArrowDown', 'j'], says: 'Next row', run: () => walk(1) },
    { keys: ['ArrowUp', 'k'], says: 'Previous row', run: () => walk(-1) },
    { keys: 'ArrowLeft', says: 'Earlier', run: () => stage.current?.panBy(-0.2) },
    { keys: 'ArrowRight', says: 'Later', run: () => stage.current?.panBy(0.2) },
    { keys: ['+', '='], says: 'Shorter time', run: () => stage.current?.zoomBy(1.5) },
    { keys: '-', says: 'Longer time', run: () => stage.current?.zoomBy(1 / 1.5) },
    { keys: '0', says: 'All of it', run: () => props.onWindow(undefined) },
    {
      keys: 'o',
      says: 'Another order',
      run: () => setOrder(ORDERS[(ORDERS.indexOf(order) + 1) % ORDERS.length]!),
    },
    { keys: 'n', says: 'By group', run: () => setNested(!isNested) },
  ]);
  return (
    <section class="column grow" aria-label="Timeline">
      <div class="view-bar g-bar row wrap">
        <Segmented
          label="Order"
          choices={ORDERS.map((one) => [one, ORDER_WORDS[one]] as const)}
          chosen={order}
          onChoose={setOrder}
        />
        <Button isPressed={isNested} onClick={() => setNested(!isNested)}>
          By group
        </Button>
        <span class="muted fine t-hint">Drag above to choose a time</span>
        {window && (
          <Button kind="quiet" icon="close" onClick={() => props.onWindow(undefined)}>
            All of it
          </Button>
        )}
      </div>
      <div ref={host} class="t-stage column grow" />
    </section>
  );
}
