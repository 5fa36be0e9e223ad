import { useMemo, useRef, useState } from 'preact/hooks';
import type { Json } from '../../../values';
import { jsonLines, jsonPath, pathKey, pathsTo, type JsonLine } from '../json-lines';
import { shownText } from '../shown-text';
import { Button } from './button';
import { copy } from './copy';
import { useVirtual } from './virtual';

const ROW = 22;
const LOOKS: Readonly<Record<JsonLine['kind'], string>> = {
  string: 'tone-ok',
  number: 'tone-running',
  boolean: 'tone-waiting',
  null: 'tone-waiting',
  object: 'muted',
  array: 'muted',
};

/** JSON as a tree. Arrows move and fold; `c` copies a line's path, `v` its value. Only visible lines are in the DOM. */
export function JsonTree(props: {
  json: Json;
  label: string;
  /** Levels that are open at first. */ depth?: number;
  /** Maximum height in pixels. Default: 420. */ height?: number;
}) {
  const { json, label, depth = 2, height } = props;
  const [open, setOpen] = useState(() => pathsTo(json, depth));
  const [at, setAt] = useState(0);
  const [from, setFrom] = useState(json);
  if (from !== json) {
    setFrom(json);
    setOpen(pathsTo(json, depth));
    setAt(0);
  }
  const lines = useMemo(() => jsonLines(json, open), [json, open]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtual({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const active = Math.min(at, lines.length - 1);
  const toggle = (line: JsonLine, isOpen = !line.isOpen): void => {
    if (line.count === undefined) return;
    const next = new Set(open);
    if (isOpen) next.add(pathKey(line.path));
    else next.delete(pathKey(line.path));
    setOpen(next);
  };
  const walk = (to: number): void => {
    const next = Math.max(0, Math.min(lines.length - 1, to));
    setAt(next);
    virtual.scrollToIndex(next, { align: 'auto' });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const line = lines[active];
    // A button in a line acts by itself.
    if (event.target !== event.currentTarget) return;
    if (!line || event.ctrlKey || event.metaKey || event.altKey) return;
    const parent = (): number =>
      lines.findLastIndex((one, index) => index < active && one.depth < line.depth);
    const acts: Record<string, () => void> = {
      ArrowDown: () => walk(active + 1),
      ArrowUp: () => walk(active - 1),
      Home: () => walk(0),
      End: () => walk(lines.length - 1),
      ArrowRight: () => (line.isOpen === false ? toggle(line, true) : walk(active + 1)),
      ArrowLeft: () => (line.isOpen ? toggle(line, false) : walk(Math.max(0, parent()))),
      Enter: () => toggle(line),
      ' ': () => toggle(line),
      c: () => copyPath(line),
      v: () => copyValue(line),
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
  return (
    <div
      class="tree box"
      ref={scroller}
      role="tree"
      aria-label={label}
      tabIndex={0}
      aria-activedescendant={`${treeId(label)}-${active}`}
      style={{ height: `${Math.min(height ?? 420, lines.length * ROW + 8)}px` }}
      onKeyDown={onKeyDown}
    >
      <div class="virtual-inner" role="presentation" style={{ height: `${virtual.getTotalSize()}px` }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const line = lines[index]!;
          return (
            <div
              key={pathKey(line.path)}
              id={`${treeId(label)}-${index}`}
              class={`tree-line${index === active ? ' active' : ''}`}
              role="treeitem"
              aria-level={line.depth + 1}
              aria-expanded={line.isOpen}
              aria-selected={index === active}
              aria-label={line.isOpen && line.name === undefined ? line.text : undefined}
              style={{ transform: `translateY(${start}px)`, paddingLeft: `${8 + line.depth * 16}px` }}
              onClick={() => {
                setAt(index);
                toggle(line);
              }}
            >
              <span class="tree-fold muted" aria-hidden="true">
                {line.isOpen === undefined ? '' : line.isOpen ? '▾' : '▸'}
              </span>
              {line.name !== undefined && <span class="muted">{shownText(String(line.name))}: </span>}
              <span class={LOOKS[line.kind]}>{line.isOpen ? '' : shownText(line.text)}</span>
              <span class="tree-acts" onClick={(event) => event.stopPropagation()}>
                {COPIES.map(([icon, what, act]) => (
                  <Button
                    key={what}
                    kind="quiet"
                    icon={icon}
                    label={`Copy the ${what} ${shownText(jsonPath(line.path))}`}
                    isSkipped={index !== active}
                    onClick={() => act(line)}
                  />
                ))}
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

const copyPath = ({ path }: JsonLine): void => copy(jsonPath(path), 'Path');
/** A text is copied as it is, all else as JSON. */
const copyValue = ({ value }: JsonLine): void =>
  copy(typeof value === 'string' ? value : JSON.stringify(value, null, 2), 'Value');
const COPIES = [
  ['link', 'path', copyPath],
  ['copy', 'value at', copyValue],
] as const;

function treeId(label: string): string {
  return `tree-${label.replace(/[^A-Za-z0-9]+/g, '-')}`;
}
