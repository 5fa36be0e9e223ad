import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import {
  aggregate,
  branch,
  firstOk,
  gate,
  knot,
  local,
  loop,
  map,
  pick,
  queue,
  reduce,
  sink,
  sleep,
  source,
  sql,
  subTapestry,
  tapestry,
  waitForSignal,
  waitUntil,
  type Knot,
  type Outcome,
  type Table,
  type Tapestry,
} from '../../../src';
import { compile, type PlanKnot } from '../../../src/plan';
import { recordOf } from '../../../src/authoring';
import { thrownBy } from '../../support/thrown-by';
import { refusal } from '../../support/refusal';

const number = z.number();
const any = knot('any', { version: '1' }, ({ x }: { x: number }) => x);
const taking = knot(
  'taking',
  { version: '1', receives: 'outcomes' },
  ({ x }: { x: Outcome<number> }) => x.kind,
);
const nested = tapestry('nested', { parameters: { x: number } }, (_t, { x }) => ({
  x: any({ x }, { id: 'x' }),
}));

/** By the name that the docs have for the node. */
const PLACE: Readonly<Record<string, (x: Knot<number>, list: Knot<number[]>, config: never) => unknown>> = {
  knot: (x, _list, config) => any({ x }, config),
  'knot that receives outcomes': (x, _list, config) => taking({ x }, config),
  source: (_x, _list, config) => source({ read: () => 1 }, config),
  sink: (x, _list, config) => sink({ inputs: { x }, write: () => 1 }, config),
  aggregate: (x, _list, config) => aggregate({ inputs: { x }, combine: () => 1 }, config),
  reduce: (_x, list, config) => reduce({ of: list, combine: () => 1 }, config),
  pick: (_x, list, config) => pick({ from: list, path: ['0'] }, config),
  select: (x, _list, config) => (x as never as Knot<Table>).select(['id'], config),
  sql: (x, _list, config) => sql({ query: 'select $x', inputs: { x } }, config),
  gate: (x, _list, config) => gate({ input: x, predicate: () => true }, config),
  branch: (x, _list, config) => branch({ input: x, branches: ['a'], selector: () => 'a' }, config),
  firstOk: (x, _list, config) => firstOk({ of: [x] }, config),
  map: (_x, list, config) => map({ over: list, each: any, bind: 'x' }, config),
  subTapestry: (x, _list, config) => subTapestry({ tapestry: nested, inputs: { x } }, config),
  loop: (x, _list, config) => loop({ step: nested, initial: { x }, until: () => true }, config),
  waitForSignal: (_x, _list, config) => waitForSignal({ name: 'go', schema: number }, config),
  sleep: (x, _list, config) => sleep({ ms: x }, config),
  waitUntil: (x, _list, config) => waitUntil({ time: x }, config),
};

interface Option {
  readonly given: Record<string, unknown>;
  /** What the plan says of it; undefined: nothing. */
  said(knot: PlanKnot): unknown;
}
const ofPolicy = (name: string, value: unknown, key = name): Option => ({
  given: { [name]: value },
  said: ({ policy }) => policy[key as keyof typeof policy],
});
const OPTIONS: Readonly<Record<string, Option>> = {
  errorPolicy: ofPolicy('errorPolicy', 'requireAllParents'),
  retry: ofPolicy('retry', { maximumAttempts: 2 }),
  timeout: ofPolicy('timeout', 5),
  cancelGrace: ofPolicy('cancelGrace', 5),
  onCodeChange: ofPolicy('onCodeChange', 'wait'),
  cache: {
    given: { cache: { codeHash: 'source' } },
    said: ({ policy: { cache, map: elements } }) => cache ?? elements?.cache,
  },
  maxConcurrent: ofPolicy('maxConcurrent', 1),
  ratePerSecond: ofPolicy('ratePerSecond', 1),
  priority: ofPolicy('priority', 1),
  validate: ofPolicy('validate', false),
  logs: ofPolicy('logs', false),
  'queue(name)': ofPolicy('dispatcher', queue('q'), 'taskQueue'),
  'local()': ofPolicy('dispatcher', local(), 'local'),
  summary: { given: { summary: 'a line' }, said: ({ summary }) => summary },
};

function made(node: string, knots: object, own: object): Tapestry {
  return tapestry('t', { knots } as never, (t) => {
    const place = PLACE[node]!;
    const given = { id: 'k', ...own } as never;
    place(t.parameter('x', number), t.parameter('list', z.array(number)), given);
  });
}

function saidIn(node: string, option: Option, knots: object, own: object): unknown {
  const { knots: planned } = compile(recordOf(made(node, knots, own))).plan;
  return option.said(planned.find(({ id }) => id === 'k')!);
}

/** The table of the docs, cell by cell. */
function documented(): { node: string; option: string; cell: string }[] {
  const page = readFileSync(path.join(__dirname, '../../../docs/node-options.md'), 'utf8');
  const [head, , ...rows] = page
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));
  return rows.flatMap(([, node, ...cells]) =>
    cells.slice(0, -1).map((cell, index) => ({ node: node!, option: head![index + 2]!, cell })),
  );
}

test('the docs have every node and every option', () => {
  const cells = documented();
  expect([...new Set(cells.map(({ node }) => node))]).toEqual(Object.keys(PLACE));
  expect([...new Set(cells.map(({ option }) => option))]).toEqual(Object.keys(OPTIONS));
});

describe.each(documented())('$option of a $node: $cell', ({ node, option: name, cell }) => {
  const option = OPTIONS[name]!;

  test(cell === 'no' ? 'is refused' : 'is in the plan', () => {
    if (cell !== 'no') {
      expect(saidIn(node, option, {}, option.given)).toBeDefined();
      return;
    }
    expect(thrownBy(() => made(node, {}, option.given))).toMatchObject(
      refusal('InvalidConfig', new RegExp(`"${Object.keys(option.given)[0]!}" of .*"k?.*\\. .+\\.$`)),
    );
  });

  // Options of definitions that receive outcomes are their own.
  test('said of all knots of a tapestry, it holds if it can', () => {
    const said = saidIn(node, option, option.given, {});
    const hasOwn = name === 'errorPolicy' && ['firstOk', 'knot that receives outcomes'].includes(node);
    if (cell === 'no') expect(said).toBeUndefined();
    else if (hasOwn) expect(said).toBe('receiveErrors');
    else expect(said).toBeDefined();
  });
});

test('an option that is given as undefined is inherited', () => {
  const patient = knot('patient', { version: '1', timeout: 5 }, () => 1);
  const made = tapestry('inheriting', { knots: { timeout: 9 } }, () => ({
    x: patient({}, { id: 'x', timeout: undefined }),
  }));
  expect(compile(recordOf(made)).plan.knots[0]!.policy.timeout).toBe(5);
});
