import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { makeCommandProject, runWarm, type Finished } from '../../support/command-line';
import { removeProjects } from '../server/projects';

const MODELS = `
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Literal, NotRequired, Optional, TypedDict

from selvage import Context, Outcome, StoredBytes, knot


class Color(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Line:
    sku: str
    count: int = 1


@dataclass
class Order:
    lines: list[Line]
    at: datetime
    color: Color
    tags: set[str] = field(default_factory=set)
    note: Optional[str] = None


class Row(TypedDict):
    name: str
    pair: NotRequired[tuple[str, float]]


@knot
def train(order: Order, ctx: Context, mode: Literal["net", "gross"] = "net") -> list[Row]:
    """What is learned of an "order"."""
    return []


@knot(version="2")
async def fetch(url: str, by: dict[int, bytes]) -> Order: ...


@knot
def merge(a: Outcome[int], b: Outcome[str]) -> StoredBytes: ...


@knot(name="delete")
def remove(**inputs) -> None: ...


@knot
def ping() -> int: ...
`;
const PRICES = `
from selvage import knot

@knot
def train(price_2d: list[list[float]]) -> dict[str, float]: ...
`;
const USE = `
import { tapestry } from 'selvage';
import { delete_, fetch, merge, ping, train } from './shop';

export const t = tapestry('t', (_t) => {
  const order = fetch({ url: 'u', by: new Map([[1, new Uint8Array()]]) }, { id: 'order' });
  const rows = train({ order, mode: 'gross' }, { id: 'rows' });
  // @ts-expect-error there is no such mode
  train({ order, mode: 'nett' }, { id: 'wrong-mode' });
  // @ts-expect-error lines are missing
  train({ order: { at: new Date(), color: 'red' } }, { id: 'wrong-order' });
  train({ order: { at: new Date(), color: 'red', lines: [{ sku: 's' }] } }, { id: 'less' });
  const n = ping({}, { id: 'n' });
  // @ts-expect-error it is a number, and text is wanted
  merge({ a: n, b: n }, { id: 'wrong-outcome' });
  const merged = merge({ a: n, b: 'text' }, { id: 'merged', errorPolicy: 'receiveErrors' });
  return { rows, merged, gone: delete_({ anything: n }, { id: 'gone' }) };
});
`;

let project: string;
beforeAll(() => {
  project = makeCommandProject({ 'use.ts': USE, 'own.ts': 'export const mine = 1;\n' });
  mkdirSync(path.join(project, 'shop'));
  for (const [name, text] of Object.entries({
    __init__: '',
    models: MODELS,
    prices: PRICES,
    broken: 'def load():\n    raise KeyError("weights")\n\nload()\n',
    helpers: 'def plain(x):\n    return x\n',
    odd: 'from selvage import knot\n\n@knot\ndef odd(x: "Nowhere") -> int: ...\n',
  }))
    writeFileSync(path.join(project, 'shop', `${name}.py`), text);
});
afterAll(removeProjects);

const types = (...args: string[]): Promise<Finished> =>
  runWarm(project, ['python', 'types', ...args], { SELVAGE_PYTHON: 'python3' });
const read = (file: string): string => readFileSync(path.join(project, file), 'utf8');

/** What the compiler says of a file of the project. */
function problemsOf(file: string): string[] {
  const program = ts.createProgram([path.join(project, file)], {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    exactOptionalPropertyTypes: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    types: [],
  });
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText, file: at, start }) =>
      [
        at && start !== undefined && at.getLineAndCharacterOfPosition(start).line + 1,
        ts.flattenDiagnosticMessageText(messageText, ' '),
      ].join(': '),
    );
}

test('writes a definition for each body, which the compiler checks', async () => {
  const { code, stdout, stderr } = await types('shop.models', '--out', 'shop.ts');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toBe('shop.ts: 5 bodies (train, fetch, merge, delete_, ping)\n');
  const text = read('shop.ts');
  expect(text.split('\n').slice(0, 3)).toEqual([
    '// Written by `selvage python types`. Change the bodies in Python, and write it again:',
    '// npx selvage python types shop.models --out shop.ts',
    "import { pythonKnot, type NoInputs, type StoredBytes } from 'selvage';",
  ]);
  expect(text).toMatch(
    /export const train = pythonKnot<TrainInput, Row\[\]>\('shop\.models:train', \{\n {2}source: 'sha256:[0-9a-f]{64}',\n {2}summary: 'What is learned of an "order"\.',\n\}\);/,
  );
  expect(text).toMatch(/'shop\.models:fetch', \{\n {2}version: '2',/);
  expect(text).toMatch(
    /pythonKnot<MergeInput, StoredBytes>\('shop\.models:merge', \{\n {2}receives: 'outcomes',/,
  );
  expect(text).toContain(`export interface Order {
  lines: Line[];
  at: Date;
  color: 'red' | 'blue';
  tags?: Set<string>;
  note?: string | null;
}`);
  expect(text).toContain('export interface Row {\n  name: string;\n  pair?: [string, number];\n}');
  expect(text).toContain('by: Map<number, Uint8Array>;');
  expect(problemsOf('use.ts')).toEqual([]);
});

test('the same bodies give the same file, whatever the order of the modules; names that two have get the module', async () => {
  expect(await types('shop.prices', 'shop.models', '--out', 'both.ts')).toMatchObject({ code: 0 });
  const text = read('both.ts');
  expect(await types('shop.models', 'shop.prices', 'shop.models', '--out', 'both.ts')).toMatchObject({
    code: 0,
  });
  expect(read('both.ts')).toBe(text);
  expect(text).toContain('export const shop_models_train = pythonKnot<ShopModelsTrainInput, Row[]>(');
  expect(text).toContain(
    'export const shop_prices_train = pythonKnot<ShopPricesTrainInput, Record<string, number>>(',
  );
  expect(text).toContain('export interface ShopPricesTrainInput {\n  price_2d: number[][];\n}');
  expect(problemsOf('both.ts')).toEqual([]);
});

test('--check tells whether the file is what would be written, and what differs', async () => {
  expect(await types('shop.models', '--out', 'checked.ts', '--check')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('  it is not there\n') as string,
  });
  await types('shop.models', '--out', 'checked.ts');
  const same = await types('shop.models', '--out', 'checked.ts', '--check');
  expect(same).toEqual({ code: 0, stdout: 'checked.ts is as it would be written.\n', stderr: '' });
  const text = read('checked.ts')
    .replace(/export const ping = [^;]*;\n\n/, '')
    .replace("version: '2'", "version: '1'");
  writeFileSync(path.join(project, 'checked.ts'), text);
  const { code, stdout, stderr } = await types('shop.models', '--out', 'checked.ts', '--check', '--json');
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    file: 'checked.ts',
    isCurrent: false,
    differences: [
      'shop.models:fetch has changed',
      'shop.models:ping is missing',
      expect.stringMatching(/^line \d+: " {2}version: '1'," would be " {2}version: '2',"$/),
    ],
  });
  expect(stderr).toContain(
    'error checked.ts is not what would be written:\n  shop.models:fetch has changed\n',
  );
  expect(read('checked.ts')).toBe(text);
});

test('what is printed while modules load goes to stderr, and --json is one document', async () => {
  writeFileSync(path.join(project, 'shop', 'loud.py'), `print("loading")\n${PRICES}`);
  const { code, stdout, stderr } = await types('shop.loud', '--out', 'loud.ts', '--json');
  expect([code, JSON.parse(stdout)]).toEqual([
    0,
    {
      file: 'loud.ts',
      bodies: [{ name: 'shop.loud:train', identifier: 'train', receives: 'values', isAsync: false }],
    },
  ]);
  expect(stderr).toContain('loading\n');
});

test('--path names folders that modules are in', async () => {
  mkdirSync(path.join(project, 'elsewhere'));
  writeFileSync(path.join(project, 'elsewhere', 'further.py'), PRICES);
  expect(await types('further', '--out', 'further.ts', '--path', 'elsewhere')).toMatchObject({ code: 0 });
  expect(read('further.ts')).toContain(
    '// npx selvage python types further --out further.ts --path elsewhere\n',
  );
});

test.each([
  [
    'a module that does not import, with the frames in it',
    ['shop.broken'],
    /^error HostNotUsable: Python .* cannot load its bodies: KeyError: 'weights'.*\n {4}at load \(\S+shop\/broken\.py:2\)\n {4}at <module> \(\S+shop\/broken\.py:4\)\nhttps:\S+\n$/,
  ],
  [
    'a module that is not there',
    ['shop.nowhere'],
    /^error HostNotUsable: .*ModuleNotFoundError: No module named 'shop\.nowhere'.*\nhttps:\S+\n$/,
  ],
  [
    'a hint that cannot be read',
    ['shop.odd'],
    /^error HostNotUsable: .*A type hint of odd cannot be read: name 'Nowhere' is not defined/,
  ],
  [
    'a module without bodies',
    ['shop.models', 'shop.helpers'],
    /^error Usage: shop\.helpers of Python has no bodies\. Write @knot .*\nhttps:\S+\n$/,
  ],
  [
    'an interpreter that is not there',
    ['shop.models', '--python', './no/python'],
    /^error HostNotUsable: Python \.\/no\/python .*could not be started \(.*ENOENT\)\. Install Python 3\.11 or later, or name its interpreter.*\nhttps:\S+\n$/,
  ],
])('refuses %s in a line, and says where more is', async (_what, args, message) => {
  const { code, stdout, stderr } = await types(...args, '--out', 'refused.ts');
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(message);
  expect(() => read('refused.ts')).toThrow('ENOENT');
});

test('a file that is not of this command is not written over', async () => {
  const { code, stderr } = await types('shop.models', '--out', 'own.ts');
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(/^error Usage: own\.ts is there, and was not written by this command/),
  ]);
  expect(read('own.ts')).toBe('export const mine = 1;\n');
});
