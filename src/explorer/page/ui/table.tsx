import type { ComponentChildren } from 'preact';

/** The title of a column; false leaves the column out. */
export type TableHead = string | { readonly number: string } | false;

/** A table by the titles of its columns; its children are the rows. */
export function Table({ heads, children }: { heads: readonly TableHead[]; children: ComponentChildren }) {
  return (
    <table class="table">
      <thead>
        <tr>
          {heads.map((head, index) =>
            head === false ? undefined : typeof head === 'string' ? (
              <th key={index} scope="col">
                {head}
              </th>
            ) : (
              <th key={index} scope="col" class="number">
                {head.number}
              </th>
            ),
          )}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}
