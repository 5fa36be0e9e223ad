import type { ComponentChildren } from 'preact';

/** The title of a column, after the class of its cells if they have one; false leaves the column out. */
export type TableHead = string | readonly [cells: string, title: string] | false;

export function Table({
  heads,
  rows,
  children,
}: {
  heads: readonly TableHead[];
  /** For each row its key, and what is in its cells. */
  rows?: readonly (readonly [key: string, ...cells: ComponentChildren[]])[];
  /** Rows that are more than cells, instead of `rows`. */
  children?: ComponentChildren;
}) {
  const columns = heads
    .filter((head) => head !== false)
    .map((head) => (typeof head === 'string' ? ([undefined, head] as const) : head));
  return (
    <table class="table">
      <thead>
        <tr>
          {columns.map(([cells, title]) => (
            <th key={title} scope="col" class={cells === 'number' ? cells : undefined}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows?.map(([key, ...cells]) => (
          <tr key={key}>
            {cells.map((cell, index) => (
              <td key={index} class={columns[index]?.[0]}>
                {cell}
              </td>
            ))}
          </tr>
        ))}
        {children}
      </tbody>
    </table>
  );
}
