/** A query as DuckDB reads it, with the way back to the text that its author wrote. */
export class QueryText {
  /** The query with the names of inputs: quoted for tables, as `$name` for values. */
  readonly text: string;
  private readonly pieces: readonly {
    readonly read: string;
    readonly isInput: boolean;
    readonly name: string;
  }[];

  /** @param parts texts and names of inputs, in turn */
  constructor(parts: readonly string[], isTable: (input: string) => boolean) {
    this.pieces = parts.map((part, index) => {
      const isInput = index % 2 === 1;
      const read = isInput ? (isTable(part) ? quoted(part) : `$${part}`) : part;
      return { read, isInput, name: part };
    });
    this.text = this.pieces
      .map(({ read }) => read)
      .join('')
      .replace(/;\s*$/, '');
  }

  /** Where a byte of `text` is in the author's text, in which each input counts as `${name}`. Both count from 1. */
  locate(byte: number): { line: number; column: number } {
    let before = '';
    let rest = byte;
    for (const { read, isInput, name } of this.pieces) {
      const bytes = Buffer.from(read);
      if (rest < bytes.length) {
        if (!isInput) before += bytes.subarray(0, rest).toString();
        break;
      }
      before += isInput ? `\${${name}}` : read;
      rest -= bytes.length;
    }
    const lines = before.split('\n');
    return { line: lines.length, column: [...lines.at(-1)!].length + 1 };
  }
}

/** An identifier, such as the name of a column. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
