import { detailsTable } from '../../../src/workflows/details-table';

const counts = { ok: 3, err: 1, skipped: 2, running: 4, waiting: 5, total: 15 };

test('counts are a Markdown table, and failures another', () => {
  const failures = [{ knot: 'fetch', type: 'TypeError', message: 'no network' }];
  expect(detailsTable({ counts, failures }).split('\n')).toEqual([
    '| knots | ok | failed | skipped | running | waiting |',
    '|---|---|---|---|---|---|',
    '| 15 | 3 | 1 | 2 | 4 | 5 |',
    '',
    '| failed knot | error |',
    '|---|---|',
    '| fetch | TypeError: no network |',
  ]);
  expect(detailsTable({ counts, failures: [] })).not.toContain('failed knot');
});

test('no message breaks the table', () => {
  const table = detailsTable({ counts, failures: [{ knot: 'k', type: 'E', message: 'a | b\nc\r\n\td' }] });
  expect(table.split('\n').at(-1)).toBe('| k | E: a \\| b c d |');
});

test('twenty of the worst failures stay within the 20,000 bytes of the server', () => {
  for (const message of ['|'.repeat(500), '世'.repeat(500), '😀'.repeat(250)]) {
    const failures = Array.from({ length: 20 }, () => ({ knot: 'k'.repeat(200), type: 'E', message }));
    expect(Buffer.byteLength(detailsTable({ counts, failures }))).toBeLessThan(20_000);
  }
});
