import type { ComponentChildren } from 'preact';
import { countWords } from '../words';
import { Icon } from './icons';
import { Time } from './time';

/**
 * A column: its title, what is in an item's cell, and the class of its cells, of which `name` is the row's heading; false
 * leaves it out.
 */
type Column<Item> = readonly [title: string, cell: (item: Item) => ComponentChildren, cells?: string] | false;

export interface TableProps<Item> {
  columns: readonly Column<Item>[];
  items: readonly Item[];
  keyOf: (item: Item, index: number) => string;
  chosen?: string;
  /** Makes the titles buttons; `at` is the index of the column that the items are sorted by. */
  sort?: { at: number; isDescending: boolean; onSort: (at: number) => void };
}

/** A table, on a phone a card for each item. The roles are written out, as cards lose those of a table. */
export function Table<Item>({ columns, items, keyOf, chosen, sort }: TableProps<Item>) {
  const shown = columns.filter((column) => column !== false);
  return (
    <table class={sort ? 'table sorted' : 'table'} role="table">
      <thead role="rowgroup">
        <tr role="row">
          {shown.map(([title, , cells], index) => (
            <th
              key={title}
              scope="col"
              role="columnheader"
              class={cells === 'number' ? cells : undefined}
              aria-sort={sort?.at !== index ? undefined : sort.isDescending ? 'descending' : 'ascending'}
            >
              {sort ? (
                <button type="button" class="sort bare-button inline" onClick={() => sort.onSort(index)}>
                  {title}
                  {sort.at === index && <Icon name={sort.isDescending ? 'down' : 'up'} size={12} />}
                </button>
              ) : (
                title
              )}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {items.map((item, index) => (
          <tr
            key={keyOf(item, index)}
            role="row"
            class={keyOf(item, index) === chosen ? 'chosen' : undefined}
          >
            {shown.map(([title, cell, cells]) =>
              cells === 'name' ? (
                <th key={title} scope="row" role="rowheader">
                  {cell(item)}
                </th>
              ) : (
                <td key={title} role="cell" class={cells} data-title={title}>
                  {cell(item)}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function Muted({ children }: { children: ComponentChildren }) {
  return <span class="muted">{children}</span>;
}

export const none = <Muted>–</Muted>;

/** A count, quiet if it is 0. @param more shown in its place if the count is not 0 */
export function countCell(count: number, more: ComponentChildren = countWords(count)): ComponentChildren {
  return count === 0 ? <Muted>0</Muted> : more;
}

/** @param never the text in place of a time that has not come */
export function timeCell(at: number | null | undefined, never: string): ComponentChildren {
  return at === undefined || at === null ? never : <Time at={at} />;
}

/** A text of a machine, such as an id; `none` if the text is absent. */
export function Code({ children }: { children: string | null | undefined }) {
  return children === undefined || children === null ? (
    <Muted>none</Muted>
  ) : (
    <code class="break">{children}</code>
  );
}

/** A button that opens and closes the details of an item. */
export function Fold(props: { children: string; isOpen: boolean; label?: string; onFlip: () => void }) {
  return (
    <button
      type="button"
      class="link"
      aria-expanded={props.isOpen}
      aria-label={props.label}
      onClick={props.onFlip}
    >
      {props.children}
    </button>
  );
}
