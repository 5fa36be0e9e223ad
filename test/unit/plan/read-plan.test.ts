import { compile, readPlan, uniqueParents, type PlanKnot } from '../../../src/plan';
import type { SelvageError } from '../../../src/errors';
import { tapestryOf } from '../../support/tapestry-records';
import { thrownBy } from '../../support/thrown-by';

const text = compile(tapestryOf([[], [0], [0, 1]], 1)).text;

function refusalOf(damagedText: string): SelvageError {
  const error = thrownBy(() => readPlan(damagedText));
  expect(error.code).toBe('InvalidPlan');
  return error;
}

/** The text of the plan with one field changed. */
function changed(path: readonly (string | number)[], value: unknown): string {
  const plan = JSON.parse(text) as Record<string | number, unknown>;
  const field = path.at(-1)!;
  const holder = path.slice(0, -1).reduce((at, key) => at[key] as Record<string | number, unknown>, plan);
  if (value === undefined) delete holder[field];
  else holder[field] = value;
  return JSON.stringify(plan);
}

test('a plan is read as it was written', () => {
  expect(readPlan(text)).toEqual(JSON.parse(text));
});

test('a plan of a newer version asks for an update', () => {
  expect(refusalOf(changed(['format'], 2)).message).toMatch(/format 2.*newer.*update/);
});

test.each<[string, string]>([
  ['cut text', text.slice(0, -5)],
  ['no object', '[]'],
  ['null', 'null'],
  ['no format', changed(['format'], undefined)],
  ['no name', changed(['tapestry'], undefined)],
  ['an unknown failOn', changed(['failOn'], 'sometimes')],
  ['no knots', changed(['knots'], undefined)],
  ['a knot without id', changed(['knots', 1, 'id'], 7)],
  ['a knot without config hash', changed(['knots', 1, 'configHash'], undefined)],
  ['a knot without policy', changed(['knots', 1, 'policy'], null)],
  ['a knot of an unknown definition', changed(['knots', 1, 'definition'], 1)],
  ['a knot that is a late parameter', changed(['knots', 1, 'definition'], -1)],
  ['a parameter with a definition', changed(['knots', 0, 'definition'], 0)],
  ['a parent that comes later', changed(['knots', 1, 'inputs', 'in0', 'parent'], 2)],
  ['a knot that is its own parent', changed(['knots', 1, 'inputs', 'in0', 'parent'], 1)],
  ['an input that is nothing', changed(['knots', 1, 'inputs', 'in0'], {})],
  ['a constant without hash', changed(['knots', 1, 'inputs', 'in0'], { constant: 1 })],
  ['a parameter without name', changed(['parameters', 0], {})],
  ['a code hash that is no text', changed(['definitions', 0, 'codeHash'], 5)],
  ['an unknown terminal', changed(['terminals', 0], ['k', 3])],
  ['a terminal without name', changed(['terminals', 0], [2])],
])('a damaged plan is refused: %s', (_, damagedText) => {
  expect(refusalOf(damagedText).message).toMatch(/damaged/);
});

test('parents are each named once, in the order of first use', () => {
  const inputs = {
    a: { parent: 4 },
    b: { constant: 1, hash: 'sha256:' },
    c: { parent: 2 },
    d: { parent: 4 },
  };
  const knot: PlanKnot = { id: 'k', definition: 0, inputs, policy: {}, configHash: 'sha256:' };
  expect(uniqueParents(knot)).toEqual([4, 2]);
});
