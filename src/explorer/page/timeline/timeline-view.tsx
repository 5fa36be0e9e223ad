import { useSignal } from '@preact/signals';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { selectKnots } from '../../../visualisation';
import { groupsOf } from '../../../visualisation/groups';
import { spoken } from '../graph/spoken';
import { useKeys } from '../keys';
import { alter, type PageProps } from '../router';
import { closedText, toggled } from '../run/closed-groups';
import type { RunModel } from '../run/run-model';
import { Button, Segmented } from '../ui/button';
import { announce } from '../ui/toast';
import type { Span } from './time-scale';
import { TimelineStage } from './timeline-stage';

interface TimelineViewProps extends PageProps<'run'> {
  readonly model: RunModel;
  readonly start: number;
  readonly end?: number;
  readonly closed: ReadonlySet<string>;
}

const ORDERS = [
  ['start', 'Start'],
  ['plan', 'Plan'],
  ['duration', 'Duration'],
] as const;
const ROWS = [
  [undefined, 'Knots'],
  ['group', 'By group'],
  ['worker', 'By worker'],
] as const;

export function TimelineView({ place, model, start, end, closed }: TimelineViewProps) {
  const { filter = '', knot } = place;
  const host = useRef<HTMLDivElement>(null);
  const stage = useRef<TimelineStage>();
  const hasBreaks = useSignal(false);
  const path = useSignal('');
  const order = chosenOf(ORDERS, place.order);
  const by = chosenOf(ROWS, place.by);
  const [isReal, hasPath] = [place.scale === 'real', place.path === 'critical'];
  const set = (values: Partial<typeof place>): void => alter('run', values, { replace: true });
  const flipScale = (): void => set({ scale: isReal ? undefined : 'real' });
  const flipPath = (): void => set({ path: hasPath ? undefined : 'critical' });
  const showAll = (): void => set({ from: undefined, to: undefined });
  const selected = knot === undefined ? undefined : model.indexOf(knot);
  const window = windowOf(place);
  const key = [...closed].join('\n');
  const options = useMemo(() => {
    const groups = by === 'group' ? groupsOf(model.knots).groups : [];
    const only =
      filter.trim() === '' ? undefined : selectKnots(model.graph, filter, (one) => model.statusOf(one)).knots;
    return { order, closed, groups, byWorker: by === 'worker', isReal, hasPath, ...(only && { only }) };
  }, [model, order, by, key, filter, isReal, hasPath]);
  const latest = useRef(closed);
  latest.current = closed;

  useLayoutEffect(() => {
    const events = {
      onSelect: (index: number) => set({ knot: model.knots[index]!.id, element: undefined }),
      onToggleGroup: (name: string) => set({ closed: closedText(toggled(latest.current, name)) }),
      onWindow: (next: Span | undefined) =>
        set({ from: next && String(Math.round(next[0])), to: next && String(Math.round(next[1])) }),
    };
    const made = new TimelineStage(host.current!, model, start, events, { hasBreaks, path });
    stage.current = made;
    return () => made.close();
  }, [model, start]);
  useLayoutEffect(() => stage.current?.setEnd(end), [model, start, end]);
  useLayoutEffect(() => stage.current?.setOptions(options), [model, start, options]);
  useLayoutEffect(() => stage.current?.setWindow(window), [model, start, window?.[0], window?.[1]]);
  useLayoutEffect(() => stage.current?.select(selected), [model, start, selected]);

  const walk = (step: 1 | -1): void => {
    const next = stage.current?.beside(selected, step);
    if (next === undefined) return;
    stage.current!.select(next, { reveal: true });
    set({ knot: model.knots[next]!.id, element: undefined });
    announce(spoken(model, next));
  };
  useKeys('Timeline', [
    { keys: ['ArrowDown', 'j'], says: 'Next row', run: () => walk(1) },
    { keys: ['ArrowUp', 'k'], says: 'Previous row', run: () => walk(-1) },
    { keys: 'ArrowLeft', says: 'Earlier', run: () => stage.current?.panBy(-0.2) },
    { keys: 'ArrowRight', says: 'Later', run: () => stage.current?.panBy(0.2) },
    { keys: ['+', '='], says: 'Shorter time', run: () => stage.current?.zoomBy(1.5) },
    { keys: '-', says: 'Longer time', run: () => stage.current?.zoomBy(1 / 1.5) },
    { keys: '0', says: 'All of it', run: showAll },
    { keys: 'o', says: 'Another order', run: () => set({ order: after(ORDERS, order) }) },
    { keys: 'n', says: 'Knots, by group, by worker', run: () => set({ by: after(ROWS, by) }) },
    { keys: 's', says: 'Real time, or breaks', run: flipScale },
    { keys: 'p', says: 'Critical path', run: flipPath },
  ]);
  return (
    <section class="column grow" aria-label="Timeline">
      <div class="view-bar g-bar row wrap">
        <Segmented label="Rows" choices={ROWS} chosen={by} onChoose={(next) => set({ by: next })} />
        {by !== 'worker' && (
          <Segmented
            label="Order"
            choices={ORDERS}
            chosen={order}
            onChoose={(next) => set({ order: next })}
          />
        )}
        <Button isPressed={hasPath} onClick={flipPath}>
          Critical path
        </Button>
        {(hasBreaks.value || isReal) && (
          <Button isPressed={isReal} onClick={flipScale}>
            Real time
          </Button>
        )}
        <span class="muted fine t-hint">Drag in the strip below to choose a time range</span>
        {window && (
          <Button kind="quiet" icon="close" onClick={showAll}>
            All of it
          </Button>
        )}
      </div>
      {path.value !== '' && <p class="t-path fine">Critical path: {path}</p>}
      <div ref={host} class="t-stage column grow" />
    </section>
  );
}

type Choices<Id> = readonly (readonly [id: Id, words: string])[];

const chosenOf = <Id,>(choices: Choices<Id>, id: unknown): Id =>
  (choices.find(([one]) => one === id) ?? choices[0]!)[0];

const after = <Id,>(choices: Choices<Id>, id: Id): Id =>
  choices[(choices.findIndex(([one]) => one === id) + 1) % choices.length]![0];

function windowOf({ from, to }: PageProps<'run'>['place']): Span | undefined {
  const window = [Number(from ?? Number.NaN), Number(to ?? Number.NaN)] as const;
  return window.every(Number.isFinite) && window[0] < window[1] ? window : undefined;
}
