import { checkKnotId, checkName } from '../../../src/model';

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
