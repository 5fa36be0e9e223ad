import fc from 'fast-check';
import { pathOf, placeOf, type Place } from '../../../src/explorer/page/routes';

test.each<[Place, string]>([
  [{ page: 'runs' }, 'runs'],
  [{ page: 'runs', tapestry: 'orders', status: 'failed' }, 'runs?status=failed&tapestry=orders'],
  [{ page: 'run', run: 'nightly-7', knot: 'load.users' }, 'runs/nightly-7?knot=load.users'],
  [{ page: 'run', run: 'parent/knot/3' }, 'runs/parent%2Fknot%2F3'],
  [{ page: 'compare', first: 'a', second: 'b' }, 'compare/a/b'],
  [{ page: 'value', hash: 'abc' }, 'values/abc'],
  [{ page: 'tapestry', tapestry: 'orders' }, 'tapestries/orders'],
  [{ page: 'partitions', tapestry: 'orders', state: 'failed' }, 'partitions/orders?state=failed'],
])('%j is at %s', (place, path) => {
  expect(pathOf(place)).toBe(path);
  expect(placeOf(path)).toEqual(place);
  expect(placeOf(`/${path}`)).toEqual(place);
});

test('what no page has is no place', () => {
  for (const path of ['nothing', 'runs/a/b', 'compare/a', 'values', 'runs/%E0%A4%A'])
    expect(placeOf(path)).toBeUndefined();
});

test('whatever a run and a knot are called, the URL as a browser reads it leads back to them', () => {
  const text = fc.string({ unit: 'binary', minLength: 1 });
  const odd = fc.constantFrom('.', '..', '~', '~.', '~~', '%2e', '/', '?', '#', 'a/../b', '__proto__');
  const name = fc.oneof(text, odd);
  fc.assert(
    fc.property(name, name, (run, knot) => {
      const place: Place = { page: 'run', run, knot };
      // Browsers take steps out of paths, also of those that are escaped.
      const { pathname, search } = new URL(`/base/${pathOf(place)}`, 'http://here');
      expect(placeOf(pathname.slice('/base/'.length) + search)).toEqual(place);
    }),
  );
});

test('a query cannot say which page it is', () => {
  expect(placeOf('runs?page=workers&tag=x')).toEqual({ page: 'runs', tag: 'x' });
});
