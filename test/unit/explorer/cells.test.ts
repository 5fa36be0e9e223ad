import { moved } from '../../../src/explorer/page/grid-model';
import { cellText, groupsOf } from '../../../src/explorer/page/partition-cells';

const partitions = (...keys: string[]) =>
  keys.map((key) => ({ key, state: 'ok' as const, runs: 1, reasons: [] }));

test('days stand by month, hours by day, months by year; others together', () => {
  const titles = (...keys: string[]) =>
    groupsOf(partitions(...keys)).map(({ title, partitions: cells }) => `${title}: ${cells.length}`);
  expect(titles('2026-01-31', '2026-02-01', '2026-02-02')).toEqual(['2026-01: 1', '2026-02: 2']);
  expect(titles('2026-01-31T23', '2026-02-01T00')).toEqual(['2026-01-31: 1', '2026-02-01: 1']);
  expect(titles('2026-01', '2026-02')).toEqual(['2026: 2']);
  expect(titles('eu', 'us')).toEqual(['undefined: 2']);
});

test('a cell says the last part of its time', () => {
  expect(['2026-01-31', '2026-01', '2026-01-31T05', 'eu'].map(cellText)).toEqual(['31', '01', '05', '']);
});

test('keys walk through a grid and never out of it', () => {
  const at = (key: string, column = 1, row = 1) => moved({ column, row }, key, 3, 20, 10);
  expect(at('ArrowLeft')).toEqual({ column: 0, row: 1 });
  expect(at('ArrowLeft', 0)).toEqual({ column: 0, row: 1 });
  expect(at('PageDown', 1, 15)).toEqual({ column: 1, row: 19 });
  expect(at('End')).toEqual({ column: 2, row: 1 });
  expect(at('x')).toBeUndefined();
  expect(at('constructor')).toBeUndefined();
});
