/** What DuckDB's plan of a query tells, as `json_serialize_plan` writes it: functions with the types of their arguments. */
import { nodesIn } from './syntax-tree';

export interface PlanFacts {
  /** The scalar and table functions that are called, also by macros and views. */
  readonly functions: ReadonlySet<string>;
  /** Whether the rows are those of one table, filtered or with other columns, and come in its order. */
  readonly keepsOrder: boolean;
  /** Whether all aggregates have the same value in whatever order rows come. Sums of floats do not. */
  readonly isExact: boolean;
}

/** Operators that hand on rows as they come. */
const IN_ORDER = /^LOGICAL_(?:PROJECTION|FILTER|LIMIT|GET|EXPRESSION_GET|DUMMY_SCAN)$/;
const SOURCES = /^LOGICAL_(?:GET|EXPRESSION_GET)$/;
/** `first` without an order is DuckDB's own, for a subquery of one row: an author's is refused. */
const ALWAYS_EXACT = /^(?:count|count_star|count_if|min|max|first|bool_and|bool_or|bit_and|bit_or|bit_xor)$/;
const EXACT_BUT_OF_FLOATS = /^(?:sum|avg|mean)$/;

export function factsOfPlan(json: string): PlanFacts {
  const nodes = nodesIn((JSON.parse(json) as { plans: unknown }).plans);
  const operators = nodes.map(({ type }) => String(type)).filter((type) => type.startsWith('LOGICAL_'));
  const isCall = ({ type }: Readonly<Record<string, unknown>>): boolean =>
    type === 'BOUND_FUNCTION' || type === 'LOGICAL_GET';
  return {
    functions: new Set(
      nodes.filter(isCall).map(({ name, arguments: given }) =>
        // With one argument, the other is the current date.
        name === 'age' && (given as unknown[]).length === 1 ? 'today' : String(name),
      ),
    ),
    keepsOrder:
      operators.every((type) => IN_ORDER.test(type)) &&
      operators.filter((type) => SOURCES.test(type)).length <= 1 &&
      !nodes.some(({ type }) => type === 'BOUND_UNNEST'),
    isExact: nodes
      .filter(({ type }) => type === 'BOUND_AGGREGATE')
      .every(({ name, arguments: given, order_bys: orders }) => {
        if (orders !== null && orders !== undefined) return false;
        if (ALWAYS_EXACT.test(String(name))) return true;
        const areFloats = (given as { id: string }[]).some(({ id }) => id === 'DOUBLE' || id === 'FLOAT');
        return EXACT_BUT_OF_FLOATS.test(String(name)) && !areFloats;
      }),
  };
}
