import { isDeepStrictEqual } from 'node:util';
import { compare, comparable, Key, type KeyReader, type KeyValue } from '../../tables/key-order';
import { valuesOf } from '../../tables/to-values';
import type { Batch } from '../../tables/vector';
import type { Json } from '../../values';
import { damaged, tableOf, type OpenedTable } from './open-table';
import type { RowView } from './table-difference';
import { cellReader } from './window';

const MOST_CELLS = 20;

interface Asked {
  /** The columns that rows are matched by, in the order of both tables' rows. */
  readonly key: readonly string[];
  /** How many rows that differ are kept. */
  readonly most: number;
  /** How many rows of each table are read. */
  readonly budget: number;
  readonly isRedacted: boolean;
}

/** Compares rows of two tables, part after part, in constant memory. */
export class RowComparison {
  readonly items: RowView[] = [];
  /** The number of changed rows by column. */
  readonly changedIn = new Map<string, number>();
  readonly #counts = { added: 0, removed: 0, changed: 0 };
  /** In each table the row up to which all is compared. */
  #reached: readonly [number, number] = [0, 0];
  #read = 0;

  constructor(
    private readonly tables: readonly [OpenedTable, OpenedTable],
    private readonly asked: Asked,
  ) {}

  counts(): {
    added: number;
    removed: number;
    changed: number;
    compared?: { first: number; second: number };
  } {
    const [first, second] = this.#reached;
    const [one, other] = this.tables;
    const isWhole = first === one.manifest.rows && second === other.manifest.rows;
    return { ...this.#counts, ...(!isWhole && { compared: { first, second } }) };
  }

  /**
   * Compares the rows from `from` on with those of the other table, by the key, or by their number.
   *
   * @param looked columns that may differ
   * @param to the row after the last one; by default, all rows are compared
   * @returns false if there were more rows than may be read
   */
  async compare(looked: readonly string[], isByKey: boolean, from: number, to?: number): Promise<boolean> {
    const { key, budget } = this.asked;
    const names = [...new Set([...key, ...looked])];
    const rows = this.tables.map((table) => new RowReader(table, names, isByKey ? key : [], from, to));
    const [one, other] = rows as [RowReader, RowReader];
    let isThrough = true;
    while (!one.isAtEnd && !other.isAtEnd && (isThrough = this.#read < budget)) {
      if (!one.isLoaded) await one.load();
      if (!other.isLoaded) await other.load();
      const order = one.compareKey(other);
      if (order < 0) this.#tell('removed', names, one, undefined);
      else if (order > 0) this.#tell('added', names, undefined, other);
      else this.#compareCells(names, one, other);
      if (order <= 0) one.advance();
      if (order >= 0) other.advance();
      this.#read += 1;
    }
    if (isThrough) {
      await this.#tellRest('removed', names, one);
      await this.#tellRest('added', names, other);
    }
    this.#reached = [one.row, other.row];
    return isThrough;
  }

  /** Rows that are known to be equal up to this one. */
  passTo(row: number): void {
    this.#reached = [row, row];
  }

  #compareCells(names: readonly string[], one: RowReader, other: RowReader): void {
    const places = [...names.keys()].filter((place) => !one.isSameCell(place, other));
    if (places.length === 0) return;
    for (const place of places)
      this.changedIn.set(names[place]!, (this.changedIn.get(names[place]!) ?? 0) + 1);
    this.#tell('changed', names, one, other, places);
  }

  /** Only rows that are shown are read. */
  async #tellRest(change: 'added' | 'removed', names: readonly string[], rows: RowReader): Promise<void> {
    while (!rows.isAtEnd && this.items.length < this.asked.most) {
      if (!rows.isLoaded) await rows.load();
      if (change === 'added') this.#tell(change, names, undefined, rows);
      else this.#tell(change, names, rows, undefined);
      rows.advance();
    }
    this.#counts[change] += rows.skipRest();
  }

  #tell(
    change: RowView['change'],
    names: readonly string[],
    one: RowReader | undefined,
    other: RowReader | undefined,
    places: readonly number[] = [...names.keys()].slice(this.asked.key.length),
  ): void {
    this.#counts[change] += 1;
    if (this.items.length === this.asked.most) return;
    const { key, isRedacted } = this.asked;
    const cellOf = (rows: RowReader, place: number): Json =>
      cellReader(names[place]!, isRedacted)(rows.value(place));
    this.items.push({
      change,
      ...(one && { first: one.row }),
      ...(other && { second: other.row }),
      values: key.map((_, place) => cellOf((one ?? other)!, place)),
      cells: places.slice(0, MOST_CELLS).map((place) => ({
        column: names[place]!,
        ...(one && { first: cellOf(one, place) }),
        ...(other && { second: cellOf(other, place) }),
      })),
      ...(places.length > MOST_CELLS && { more: places.length - MOST_CELLS }),
    });
  }
}

interface Row {
  readonly read: KeyReader;
  /** Its place in the batch. */
  readonly at: number;
}

/** Some rows of a table, one after another. */
class RowReader {
  /** The number of the row in the table. */
  row: number;
  readonly #batches: AsyncIterator<Batch>;
  readonly #order: Key;
  #batch: Batch | undefined;
  #cells: readonly ((row: number) => KeyValue)[] = [];
  #now: Row | undefined;

  constructor(
    private readonly opened: OpenedTable,
    names: readonly string[],
    private readonly key: readonly string[],
    from: number,
    private readonly end = opened.manifest.rows,
  ) {
    const table = tableOf(opened, names);
    this.row = from;
    this.#batches = table.batches({ from, to: end });
    this.#order = new Key(table.fields(), key);
  }

  get isAtEnd(): boolean {
    return this.row >= this.end;
  }

  get isLoaded(): boolean {
    return this.#batch !== undefined;
  }

  async load(): Promise<void> {
    const { value, done } = await this.#batches.next();
    if (done) throw damaged(this.opened.manifest.blob, `it ends before row ${this.row}`);
    this.#batch = value;
    this.#cells = value.columns.map(comparable);
    this.#enter({ read: this.#order.reader(value), at: 0 });
  }

  advance(): void {
    const { read, at } = this.#now!;
    this.row += 1;
    if (at + 1 < this.#batch!.rows) this.#enter({ read, at: at + 1 });
    else this.#batch = undefined;
  }

  /** Returns how many rows there were. */
  skipRest(): number {
    const rows = Math.max(0, this.end - this.row);
    this.row += rows;
    return rows;
  }

  compareKey(other: RowReader): number {
    return this.#compareKey(this.#now!, other.#now!);
  }

  /** As the hash tells values apart: NaN is NaN, and -0 is not 0. */
  isSameCell(place: number, other: RowReader): boolean {
    const one = this.#cells[place]!(this.#now!.at);
    const two = other.#cells[place]!(other.#now!.at);
    if (one instanceof Uint8Array && two instanceof Uint8Array) return compare(one, two) === 0;
    return Object.is(one, two) || (typeof one === 'object' && isDeepStrictEqual(one, two));
  }

  value(place: number): unknown {
    const { at } = this.#now!;
    return valuesOf(this.#batch!.columns[place]!, at, at + 1)[0];
  }

  #enter(row: Row): void {
    if (this.key.length > 0 && this.#now && this.#compareKey(this.#now, row) >= 0)
      throw damaged(
        this.opened.manifest.blob,
        `its rows are not in the order of its key, from row ${this.row} on`,
      );
    this.#now = row;
  }

  #compareKey(one: Row, other: Row): number {
    return this.#order.compare(one.read, one.at, other.read, other.at);
  }
}
