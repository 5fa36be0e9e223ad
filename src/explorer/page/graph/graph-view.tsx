import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { RunGraph } from '../../../authoring/run-graph';
import type { Picture } from '../../../visualisation';
import { useKeys } from '../keys';
import { toggled } from '../run/closed-groups';
import type { RunModel } from '../run/run-model';
import { useSelection } from './filter-bar';
import { Button } from '../ui/button';
import { announce } from '../ui/toast';
import { shownText } from '../shown-text';
import { countWords } from '../words';
import { cameraOf, cameraText } from './camera';
import { layOut } from './lay-out';
import { Stage } from './stage';
import { spoken } from './spoken';
import { stepFrom, type Step } from './walk';

interface GraphViewProps {
  readonly model: RunModel;
  readonly selected?: string;
  readonly closed: ReadonlySet<string>;
  /** Text of the filter; knots outside it are drawn faintly. */
  readonly filter: string;
  /** The camera in the URL, read when the graph opens. */
  readonly camera?: string;
  onSelect(id: string | undefined): void;
  onClosed(names: ReadonlySet<string>): void;
  onCamera?(text: string): void;
  /** Shows the knots as a table instead. */
  onList?(): void;
}

/** The knots of a run as a graph; see {@link Stage} for the drawing. */
export function GraphView(props: GraphViewProps) {
  const { model, closed, filter } = props;
  const host = useRef<HTMLDivElement>(null);
  const stage = useRef<Stage>();
  const latest = useRef(props);
  latest.current = props;
  const selected = props.selected === undefined ? undefined : model.indexOf(props.selected);
  const cameFrom = useRef<number>();
  const picture = usePicture(model.graph, closed);
  const selection = useSelection(model, filter);

  useLayoutEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const made = new Stage(host.current!, model, {
      onSelect: (knot) => latest.current.onSelect(knot === undefined ? undefined : model.knots[knot]!.id),
      onToggleGroup: (name) => latest.current.onClosed(toggled(latest.current.closed, name)),
      onMove: (camera, size) => {
        clearTimeout(timer);
        timer = setTimeout(() => latest.current.onCamera?.(cameraText(camera, size)), 250);
      },
    });
    stage.current = made;
    return () => {
      clearTimeout(timer);
      made.close();
    };
  }, [model]);

  const opened = useRef<RunModel>();
  useLayoutEffect(() => {
    if (!picture || !stage.current) return;
    const size = { width: host.current!.clientWidth, height: host.current!.clientHeight };
    const first = opened.current !== model;
    opened.current = model;
    stage.current.select(selected);
    stage.current.setPicture(picture, first ? cameraOf(props.camera, size) : undefined);
  }, [picture, model]);
  useLayoutEffect(() => stage.current?.select(selected), [selected, model]);
  useLayoutEffect(
    () => stage.current?.setFilter(filter.trim() === '' ? undefined : selection.knots),
    [selection, filter, model],
  );

  const choose = (knot: number): void => {
    cameFrom.current = selected;
    props.onSelect(model.knots[knot]!.id);
    announce(spoken(model, knot));
    stage.current?.select(knot, { reveal: true });
  };
  const walk = (step: Step): void => {
    if (selected === undefined) {
      const first = model.marks.findIndex(({ status }) => status === 'failed');
      if (model.knots.length > 0) choose(Math.max(0, first));
      return;
    }
    const across = (knot: number): number | undefined => stage.current?.acrossOf(knot);
    const next = stepFrom(selected, step, model.kinship, across, cameFrom.current);
    if (next === undefined) announce(step === 'parent' ? 'It has no parents.' : 'It has no children.');
    else choose(next);
  };

  useKeys('Graph', [
    { keys: ['ArrowUp', 'ArrowLeft'], says: 'To a parent', run: () => walk('parent') },
    { keys: ['ArrowDown', 'ArrowRight'], says: 'To a child', run: () => walk('child') },
    { keys: '.', says: 'Next knot of the plan', run: () => walk('next') },
    { keys: ',', says: 'Previous knot of the plan', run: () => walk('previous') },
    { keys: ['+', '='], says: 'Nearer', run: () => stage.current?.zoomBy(1.4) },
    { keys: '-', says: 'Farther', run: () => stage.current?.zoomBy(1 / 1.4) },
    { keys: '0', says: 'All of it', run: () => stage.current?.fit() },
    { keys: 'shift+ArrowLeft', says: 'Pan', run: () => stage.current?.panBy(-160, 0) },
    { keys: 'shift+ArrowRight', says: 'Pan', run: () => stage.current?.panBy(160, 0), isHidden: true },
    { keys: 'shift+ArrowUp', says: 'Pan', run: () => stage.current?.panBy(0, -160), isHidden: true },
    { keys: 'shift+ArrowDown', says: 'Pan', run: () => stage.current?.panBy(0, 160), isHidden: true },
    { keys: 'e', says: 'Open all groups', run: () => props.onClosed(new Set()) },
    {
      keys: 'w',
      says: 'Close all groups',
      run: () => picture && props.onClosed(new Set(picture.groups.map(({ name }) => name))),
    },
  ]);

  return (
    <section class="g-view column grow" aria-label="Graph">
      {props.onList && (
        <button
          type="button"
          class="skip button inline primary"
          onClick={() => {
            props.onList!();
            setTimeout(() => document.querySelector<HTMLElement>('[role="rowgroup"]')?.focus());
          }}
        >
          Show the knots as a table
        </button>
      )}
      <span class="g-tools box">
        <Button kind="quiet" label="Farther" onClick={() => stage.current?.zoomBy(1 / 1.4)}>
          −
        </Button>
        <Button kind="quiet" label="Nearer" onClick={() => stage.current?.zoomBy(1.4)}>
          +
        </Button>
        <Button kind="quiet" onClick={() => stage.current?.fit()}>
          Fit
        </Button>
      </span>
      <div
        ref={host}
        class="g-stage"
        tabIndex={0}
        role="group"
        aria-label={`Graph of ${shownText(model.graph.tapestry)}: ${countWords(model.knots.length, 'knot')}. Arrow keys go along its edges; the list has all of them as a table.`}
      />
    </section>
  );
}

function usePicture(graph: RunGraph, closed: ReadonlySet<string>): Picture | undefined {
  const [picture, setPicture] = useState<Picture>();
  const key = [...closed].sort().join('\n');
  useEffect(() => {
    let isOver = false;
    void layOut(graph, closed).then((made) => {
      if (!isOver) setPicture(made);
    });
    return () => {
      isOver = true;
    };
  }, [graph, key]);
  return picture;
}
