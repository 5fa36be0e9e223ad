import { checkKnotId, checkName } from '../../../src/authoring';
import { nearestName } from '../../../src/authoring/names';

const accepted = [
  'a',
  'Z9',
  'fetch-prefs',
  'daily/report',
  'a.b:c_d',
  'users',
  'x'.repeat(200),
  'defaults',
  'Selvage',
];
const refused = [
  '',
  '1a',
  '_a',
  '-a',
  'a b',
  'ä',
  'a\n',
  'a[1]',
  'x'.repeat(201),
  'default',
  'constructor',
  'toString',
  'hasOwnProperty',
];

test.each(accepted)('%j may name anything', (name) => {
  expect(() => checkName('knot', name)).not.toThrow();
  expect(() => checkKnotId(name)).not.toThrow();
});

test.each([...refused, '__proto__', 'selvage', 'selvage.map', null, 1])('%j may name nothing', (name) => {
  expect(() => checkName('knot', name)).toThrow(expect.objectContaining({ code: 'InvalidName' }));
});

test('an over-long name is shown in part', () => {
  expect(() => checkName('knot', 'x'.repeat(10_000))).toThrow(/^.{0,250}$/);
});

test.each<[string, string[], string | undefined]>([
  ['concurency', ['over', 'concurrency'], 'concurrency'],
  ['ipnut', ['input'], 'input'],
  ['Name', ['title', 'name'], 'name'],
  ['inputs', ['input', 'inputsOf'], 'input'],
  ['x', ['y', 'z'], undefined],
  ['zzz', ['over', 'each'], undefined],
  ['', ['a'], undefined],
])('of %j among %j, %j was meant', (name, known, meant) => {
  expect(nearestName(name, known)).toBe(meant);
});
