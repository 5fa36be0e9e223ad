import type { ComponentChildren } from 'preact';

/** The title of a column, after the class of its cells if they have one; false leaves the column out. */
type TableHead = string | readonly [cells: string, title: string] | false;

/** A row: its key, and what is in its cells. */
export type TableRow = readonly [key: string, ...cells: ComponentChildren[]];

export function Table({
  heads,
  rows,
  chosen,
  children,
}: {
  heads: readonly TableHead[];
  rows?: readonly TableRow[];
  /** Key of the row that is marked. */
  chosen?: string | undefined;
  /** Rows that are components, instead of `rows`. */
  children?: ComponentChildren;
}) {
  const columns = heads.map((head) => (typeof head === 'string' ? ([undefined, head] as const) : head));
  return (
    <table class="table">
      <thead>
        <tr>
          {columns.map(
            (column) =>
              column && (
                <th key={column[1]} scope="col" class={column[0] === 'number' ? 'number' : undefined}>
                  {column[1]}
                </th>
              ),
          )}
        </tr>
      </thead>
      <tbody>
        {rows?.map(([key, ...cells]) => (
          <tr key={key} class={key === chosen ? 'chosen' : undefined}>
            {columns.map(
              (column, index) =>
                column && (
                  <td key={column[1]} class={column[0]}>
                    {cells[index]}
                  </td>
                ),
            )}
          </tr>
        ))}
        {children}
      </tbody>
    </table>
  );
}
