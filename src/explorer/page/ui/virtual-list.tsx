import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useVirtual } from './virtual';

interface VirtualListProps {
  count: number;
  rowHeight: number;
  label: string;
  /** Index of the row with the keyboard's focus; when it changes, the row is scrolled into view. */
  active?: number;
  keyOf?: (index: number) => string;
  children: (index: number) => ComponentChildren;
  /** A function that is called when the last known row comes near. */
  onEnd?: () => void;
  /** How much is loaded, if rows do not tell: `onEnd` is called again when it changes. */
  loaded?: number;
  /** A function that is called when the list was scrolled back to its first row. */
  onTop?: () => void;
  /** The row of the columns' titles, which makes the list a table: its rows have cells. */
  head?: ComponentChildren;
}

/** A list of any length, of which only the visible rows are in the DOM. */
export function VirtualList({
  count,
  rowHeight,
  label,
  active,
  keyOf,
  children,
  onEnd,
  loaded,
  onTop,
  head,
}: VirtualListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtual({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    ...(keyOf && { getItemKey: keyOf }),
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= count - 20) onEnd?.();
  }, [last, count, loaded]);
  useEffect(() => {
    if (active !== undefined && active >= 0 && active < count)
      virtual.scrollToIndex(active, { align: 'auto' });
  }, [active]);
  const isTable = head !== undefined;
  const rows = (
    <div
      class="virtual"
      ref={scroller}
      tabIndex={0}
      role={isTable ? 'rowgroup' : 'region'}
      aria-label={isTable ? undefined : label}
      onScroll={(event) => event.currentTarget.scrollTop === 0 && onTop?.()}
    >
      <div
        class="virtual-inner"
        role={isTable ? 'presentation' : 'list'}
        style={{ height: `${virtual.getTotalSize()}px` }}
      >
        {items.map(({ key, index, start }) => (
          <div
            key={String(key)}
            class={`virtual-row${index === active ? ' active' : ''}`}
            {...(isTable
              ? { role: 'row', 'aria-rowindex': index + 2 }
              : { role: 'listitem', 'aria-setsize': count, 'aria-posinset': index + 1 })}
            style={{ height: `${rowHeight}px`, transform: `translateY(${start}px)` }}
          >
            {children(index)}
          </div>
        ))}
      </div>
    </div>
  );
  if (!isTable) return rows;
  return (
    <div class="column grow" role="table" aria-label={label} aria-rowcount={count + 1}>
      {head}
      {rows}
    </div>
  );
}
