/**
 * The syntax tree of a query, as `json_serialize_sql` writes it. It tells where the query's result would depend on the
 * order in which DuckDB happens to read rows.
 */
import { isObject } from '../../values';

type Node = Readonly<Record<string, unknown>>;

export interface Finding {
  /** A sentence's end after "the query …", with the remedy. */
  readonly what: string;
  /** The byte of the text; undefined if DuckDB does not know it. */
  readonly at?: number;
}

/** Aggregates whose value depends on the order of rows, so that it must be given. */
const ORDERED = new Set(
  'first last any_value arbitrary list array_agg string_agg group_concat listagg json_group_array json_group_object'.split(
    ' ',
  ),
);
/** Windows that number or pick rows. */
const NUMBERING = /^WINDOW_(?:ROW_NUMBER|NTILE|LEAD|LAG|FIRST_VALUE|LAST_VALUE|NTH_VALUE|FILL)$/;
const LIMITS = new Set(['LIMIT_MODIFIER', 'LIMIT_PERCENT_MODIFIER']);
/** They run a query that is hidden in a text. */
const HIDDEN = new Set(['query', 'query_table', 'json_execute_serialized_sql']);
/** Numbers are kept as texts, because JavaScript would round large ones. */
const NUMBER = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;
const KEPT_NUMBER = /"\\u0001(-?\d[\d.eE+-]*)"/g;
/** DuckDB writes an unknown place so. */
const NO_PLACE = '18446744073709551615';

export class SyntaxTree {
  /** The names of the values that the query takes, without `$`. */
  readonly parameters: readonly string[];
  /** Why the query cannot be a knot, the first reason; undefined if it can. */
  readonly refusal: Finding | undefined;
  /** Whether ties among rows may change the result, unless one thread reads them in order. */
  readonly hasTies: boolean;
  private readonly root: Node;
  private readonly statement: Node;

  /** @param json of one statement */
  constructor(json: string) {
    [this.statement] = (parse(json) as unknown as { statements: [Node] }).statements;
    this.root = this.statement['node'] as Node;
    this.parameters = list(this.statement['named_param_map']).map(({ key }) => String(key));
    const findings = [...findingsIn(this.root, this.root)];
    this.refusal = findings.find((found): found is Finding => found !== 'ties');
    this.hasTies = findings.includes('ties');
  }

  /** Whether the rows come in an order that the author gave. */
  get isOrdered(): boolean {
    return has(this.root, ({ type }) => type === 'ORDER_MODIFIER');
  }

  /** Whether the author's order decides which rows there are. */
  get isCut(): boolean {
    return has(this.root, isCutting);
  }

  /** The place of a function, or of a name that stands for one, such as `current_date`. */
  placeOf(name: string): number | undefined {
    const named = nodesIn(this.root).find(
      ({ function_name: called, column_names: names }) =>
        called === name || (Array.isArray(names) && `get_${String(names[0])}`.endsWith(name)),
    );
    return named && placeOf(named);
  }

  /** The tree with all columns behind the author's order, so that no two different rows tie. `order by all` stays. */
  ordered(columns: number): string {
    const modifiers = list(this.root['modifiers']);
    const order = modifiers.find(({ type }) => type === 'ORDER_MODIFIER');
    const orders = list(order?.['orders']);
    if (orders.length === 1 && (orders[0]!['expression'] as Node)['type'] === 'STAR')
      return this.print(this.root);
    const ties = Array.from({ length: columns }, (_, index) => byColumn(index + 1));
    const total = { type: 'ORDER_MODIFIER', orders: [...orders, ...ties] };
    const others = modifiers.filter((modifier) => modifier !== order);
    // DISTINCT ON picks its rows by the order, and LIMIT comes last.
    const place = others.findIndex(({ type }) => LIMITS.has(String(type)));
    others.splice(place < 0 ? others.length : place, 0, total);
    return this.print({ ...this.root, modifiers: others });
  }

  /** The tree with a null of the given type, such as `BIGINT`, for each value. */
  withTypes(types: Readonly<Record<string, Node>>): string {
    return this.print(this.root, (part) =>
      isObject(part) && part['class'] === 'PARAMETER' ? types[String(part['identifier'])] : part,
    );
  }

  /** The JSON that DuckDB reads. Unknown places, which it writes, it does not read. */
  private print(node: Node, change = (part: unknown) => part): string {
    const statements = [{ ...this.statement, node }];
    return JSON.stringify({ error: false, statements }, (key, part: unknown) =>
      key === 'query_location' ? 0 : change(part),
    ).replace(KEPT_NUMBER, '$1');
  }
}

/** The expression of a tree of `select EXPRESSION`. */
export function expressionOf(json: string): Node {
  const { statements } = parse(json) as unknown as { statements: [{ node: { select_list: [Node] } }] };
  return statements[0].node.select_list[0];
}

function parse(json: string): Node {
  const kept = json.replace(NUMBER, (token) => (token.startsWith('"') ? token : `"\\u0001${token}"`));
  return JSON.parse(kept) as Node;
}

/** @param isSorted whether the value is sorted later, so that its order does not count */
function* findingsIn(part: unknown, root: Node, isSorted = false): Generator<Finding | 'ties'> {
  if (Array.isArray(part)) {
    for (const item of part) yield* findingsIn(item, root, isSorted);
  } else if (isObject(part)) {
    yield* findingsAt(part, part === root, isSorted);
    const sorts = part['function_name'] === 'list_sort' || (isSorted && part['class'] !== 'FUNCTION');
    for (const [key, member] of Object.entries(part)) {
      yield* findingsIn(member, root, sorts || (key === 'select_list' && isArrayInOrder(part)));
    }
  }
}

/** `array(select … order by …)`, which DuckDB reads as an aggregate over that select. */
function isArrayInOrder({ from_table: from }: Node): boolean {
  const { type, subquery } = (from ?? {}) as Node;
  if (type !== 'SUBQUERY' || placeOf(from as Node) !== undefined) return false;
  return has((subquery as { node: Node }).node, ({ type: of }) => of === 'ORDER_MODIFIER');
}

function* findingsAt(node: Node, isRoot: boolean, isSorted: boolean): Generator<Finding | 'ties'> {
  const { function_name: name, type, orders } = node;
  const at = placeOf(node);
  const found = (what: string): Finding => ({ what, ...(at !== undefined && { at }) });
  if (node['sample'] && isObject(node['sample'])) {
    yield found('takes a sample, which is another one each time. Choose rows by a condition');
  }
  if (typeof name === 'string' && HIDDEN.has(name)) {
    yield found(`runs a text by ${name}(), which cannot be checked. Write the query itself`);
  }
  if (node['class'] === 'FUNCTION' && ORDERED.has(String(name))) {
    if (isSorted || list((node['order_bys'] as Node | null)?.['orders']).length > 0) yield 'ties';
    else {
      yield found(
        `has ${String(name)}() without an order, whose value may differ each time. Order it, as in ${String(name)}(x order by x), or use min() or max()`,
      );
    }
  }
  if (node['class'] === 'WINDOW') {
    yield 'ties';
    const isByRows = [node['start'], node['end']].some((end) => String(end).endsWith('_ROWS'));
    const takesOrder = NUMBERING.test(String(type)) || isByRows || ORDERED.has(String(name));
    if (takesOrder && list(orders).length + list(node['arg_orders']).length === 0) {
      yield found(
        `has a window of ${String(name)}() without an order, whose value may differ each time. Order it, as in over (order by …)`,
      );
    }
  }
  if (['POSITIONAL', 'ASOF'].includes(String(node['ref_type'])) || type === 'RECURSIVE_CTE_NODE')
    yield 'ties';
  if (!isRoot && has(node, isCutting)) {
    if (has(node, ({ type: of }) => of === 'ORDER_MODIFIER')) yield 'ties';
    else {
      yield found(
        'has an inner LIMIT or DISTINCT ON without an order, whose rows may differ each time. Order it, as in order by all',
      );
    }
  }
}

function isCutting({ type, distinct_on_targets: targets }: Node): boolean {
  return LIMITS.has(String(type)) || (type === 'DISTINCT_MODIFIER' && list(targets).length > 0);
}

function has(node: Node, matches: (modifier: Node) => boolean): boolean {
  return list(node['modifiers']).some(matches);
}

function placeOf({ query_location: place }: Node): number | undefined {
  const text = typeof place === 'string' ? place.slice(1) : NO_PLACE;
  return text === NO_PLACE ? undefined : Number(text);
}

function byColumn(position: number): Node {
  const value = { type: { id: 'INTEGER', type_info: null }, is_null: false, value: position };
  const expression = { class: 'CONSTANT', type: 'VALUE_CONSTANT', alias: '', query_location: 0, value };
  return { type: 'ORDER_DEFAULT', null_order: 'ORDER_DEFAULT', expression };
}

const list = (value: unknown): Node[] => (Array.isArray(value) ? (value as Node[]) : []);

/** All objects in a tree, from outside to inside. */
export function nodesIn(part: unknown): Node[] {
  if (Array.isArray(part)) return part.flatMap(nodesIn);
  return isObject(part) ? [part, ...Object.values(part).flatMap(nodesIn)] : [];
}
