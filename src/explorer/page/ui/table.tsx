import type { ComponentChildren } from 'preact';
import { countWords } from '../words';
import { Time } from './time';

/** A column: its title, what is in an item's cell, and the class of its cells; false leaves it out. */
type Column<Item> = readonly [title: string, cell: (item: Item) => ComponentChildren, cells?: string] | false;

export interface TableProps<Item> {
  columns: readonly Column<Item>[];
  items: readonly Item[];
  keyOf: (item: Item, index: number) => string;
  chosen?: string;
}

export function Table<Item>({ columns, items, keyOf, chosen }: TableProps<Item>) {
  const shown = columns.filter((column) => column !== false);
  return (
    <table class="table">
      <thead>
        <tr>
          {shown.map(([title, , cells]) => (
            <th key={title} scope="col" class={cells === 'number' ? 'number' : undefined}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {items.map((item, index) => (
          <tr key={keyOf(item, index)} class={keyOf(item, index) === chosen ? 'chosen' : undefined}>
            {shown.map(([title, cell, cells]) => (
              <td key={title} class={cells}>
                {cell(item)}
              </td>
            ))}
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
