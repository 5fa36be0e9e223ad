import { SelvageError } from '../../errors';
import { defaultSha256 } from '../../values';
import { Table } from '../../tables/table';
import type { Knot } from '../knot';
import type { KnotContext } from '../knot-context';
import { shown } from '../checks';
import { knotRecord } from '../marks';
import { PARAMETER_PREFIX } from '../names';
import { addToHandles, handleOf, place } from '../place';
import type { DefinitionRecord } from '../records';
import { PlacedNode } from './placed-node';

/** `orders.select(…)`, see {@link Knot}. */
function select(this: Knot<any>, ...given: readonly unknown[]): Knot<any> {
  const [columns, config] = Array.isArray(given[0]) ? [given[0] as unknown[], given[1]] : [given, undefined];
  if (!areNames(columns)) {
    throw new PlacedNode('select', config).refusal(
      'WrongValue',
      `has columns that are ${shown(columns)}`,
      "Give their names: orders.select('id', 'at'), or orders.select(['id', 'at'], { id: '…' }).",
    );
  }
  const id = idOf(this.id, columns);
  const known = knotRecord(this)!.tapestry.knots.get(id);
  if (config === undefined && known?.definition === SELECT) return handleOf(known);
  return place(SELECT, { from: this, columns }, { id, ...(config as object | undefined) });
}

function areNames(columns: readonly unknown[]): columns is readonly string[] {
  return columns.length > 0 && columns.every((name) => typeof name === 'string');
}

/** `orders.select.id.at`. Names with other characters, and long lists, are told apart by a hash. */
function idOf(table: string, columns: readonly string[]): string {
  const base = table.startsWith(PARAMETER_PREFIX) ? `param.${table.slice(PARAMETER_PREFIX.length)}` : table;
  const id = `${base}.select.${columns.join('.')}`;
  if (id.length <= 200 && columns.every((name) => /^[A-Za-z0-9_-]+$/.test(name))) return id;
  const hash = defaultSha256(JSON.stringify([base, ...columns])).slice(0, 16);
  return `${base.slice(0, 160)}.select:${hash}`;
}

function selectColumns(
  { from, columns }: { from: unknown; columns: readonly string[] },
  { knotId }: KnotContext,
): unknown {
  if (Table.is(from)) return from.select(...columns);
  throw new SelvageError(
    'UnsupportedTable',
    `Knot "${knotId}" selects columns of a table, and its input is ${shown(from)}. Give the knot that yields it a table as its output: ` +
      'knot(name, { output: table({ … }) }, …).',
    { details: { knot: knotId } },
  );
}

const SELECT: DefinitionRecord = new PlacedNode('select').definition({}, selectColumns);

addToHandles('select', select);
