import { SelvageError } from '../errors';
import { PLAN_FORMAT, type Plan, type PlanKnot } from './plan';

/**
 * Reads a plan; throws `InvalidPlan` for a damaged plan, or one of a newer version. The reader checks everything that
 * the engine relies on.
 */
export function readPlan(text: string): Plan {
  let plan: unknown;
  try {
    plan = JSON.parse(text);
  } catch (cause) {
    throw damaged('it is not JSON', cause);
  }
  if (!isObject(plan)) throw damaged('it is not an object');
  checkFormat(plan['format']);
  const {
    tapestry,
    failOn,
    queue,
    parameters,
    definitions,
    knots,
    terminals,
    partition,
    extensible,
    extended,
  } = plan;
  if (typeof tapestry !== 'string') throw damaged("'tapestry' is not a text");
  if (failOn !== 'unhandled' && failOn !== 'any' && failOn !== 'never') throw damaged("'failOn' is unknown");
  if (queue !== undefined && typeof queue !== 'string') throw damaged("'queue' is not a text");
  checkList(parameters, 'parameters', isNamed);
  checkList(
    definitions,
    'definitions',
    (item) => isNamed(item) && ['string', 'undefined'].includes(typeof item['codeHash']),
  );
  checkList(
    knots,
    'knots',
    (item, index) =>
      isKnot(item, index) &&
      isDefinition(item['definition'], index, parameters.length, definitions.length) &&
      (item['each'] === undefined || isIndex(item['each'], definitions.length)),
  );
  checkList(terminals, 'terminals', (item) => isTerminal(item, knots.length));
  if (partition !== undefined && !(isObject(partition) && isObject(partition['domain'])))
    throw damaged("'partition' has no domain");
  if (extensible !== undefined && !isObject(extensible)) throw damaged("'extensible' is not an object");
  if (extended !== undefined && !isExtended(extended, knots.length, terminals.length))
    throw damaged("'extended' is not what it must be");
  return plan as unknown as Plan;
}

/** The knot's parents, each once, in the order of the inputs. */
export function uniqueParents(knot: PlanKnot): number[] {
  const parents = new Set<number>();
  for (const input of Object.values(knot.inputs)) {
    if ('parent' in input) parents.add(input.parent);
  }
  return [...parents];
}

type Fields = Record<string, unknown>;

function checkFormat(format: unknown): void {
  if (format === PLAN_FORMAT) return;
  if (typeof format === 'number' && format > PLAN_FORMAT) {
    throw new SelvageError(
      'InvalidPlan',
      `The plan has format ${format} and was written by a newer version of Selvage (this one reads up to ${PLAN_FORMAT}): update this installation.`,
      { details: { format } },
    );
  }
  throw damaged('it has no valid format number');
}

function checkList(
  list: unknown,
  name: string,
  isValid: (item: Fields, index: number) => boolean,
): asserts list is Fields[] {
  if (!Array.isArray(list)) throw damaged(`'${name}' is not a list`);
  list.forEach((item: unknown, index) => {
    if (!isObject(item) || !isValid(item, index)) throw damaged(`'${name}' has a bad item ${index}`);
  });
}

function isKnot(knot: Fields, index: number): boolean {
  return (
    typeof knot['id'] === 'string' &&
    typeof knot['configHash'] === 'string' &&
    isObject(knot['policy']) &&
    isErrorPolicy(knot['policy']['errorPolicy']) &&
    isObject(knot['inputs']) &&
    Object.values(knot['inputs']).every((input) => isInput(input, index))
  );
}

function isErrorPolicy(policy: unknown): boolean {
  return policy === undefined || policy === 'receiveErrors' || policy === 'requireAllParents';
}

function isDefinition(definition: unknown, knot: number, parameters: number, definitions: number): boolean {
  return knot < parameters ? definition === -1 : isIndex(definition, definitions);
}

function isInput(input: unknown, knot: number): boolean {
  if (!isObject(input)) return false;
  return 'parent' in input
    ? isIndex(input['parent'], knot)
    : 'constant' in input && typeof input['hash'] === 'string';
}

function isTerminal(terminal: unknown, knots: number): boolean {
  return (
    Array.isArray(terminal) &&
    terminal.length === 2 &&
    typeof terminal[0] === 'string' &&
    isIndex(terminal[1], knots)
  );
}

function isExtended(extended: unknown, knots: number, terminals: number): boolean {
  return (
    isObject(extended) &&
    isIndex(extended['knots'], knots + 1) &&
    isIndex(extended['terminals'], terminals + 1) &&
    Array.isArray(extended['fragments'])
  );
}

function isNamed(item: Fields): boolean {
  return typeof item['name'] === 'string';
}

function isIndex(value: unknown, end: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < end;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function damaged(what: string, cause?: unknown): SelvageError {
  return new SelvageError(
    'InvalidPlan',
    `The stored plan is damaged: ${what}. Restore the tapestry store, or start a new run.`,
    {
      cause,
    },
  );
}
