import { detailsTable } from '../../../src/workflows/details-table';
import { plainMarkdown } from '../../../src/workflows/markdown';

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

test('nothing in it is markup, a link, HTML or hidden, but for the tables', () => {
  const hostile =
    '<img src=x onerror=alert(1)>![a](http://evil.example)`b` **c** ~~d~~ &lt; | \u202e\u001b[2J';
  const table = detailsTable({
    counts,
    failures: [{ knot: `users[${hostile}]`, type: 'E', message: hostile }],
    waits: [{ knot: 'w', signal: hostile }],
    signals: {
      unread: { [hostile]: 2 },
      refused: { total: 1, last: [{ name: hostile, type: 'E', message: hostile }] },
    },
  });
  const shown =
    '&lt;img src=x onerror=alert(1)&gt;\\!\\[a\\](http\\://evil.example)\\`b\\` \\*\\*c\\*\\* \\~\\~d\\~\\~ \\&lt; \\| \uFFFD\uFFFD\\[2J';
  expect(table.split('\n').filter((line) => line.includes('evil'))).toEqual([
    `| users\\[${shown}\\] | E: ${shown} |`,
    `| w | signal ${shown} |`,
    `Signals that no knot has taken: 2 × ${shown}`,
    `| ${shown} | E: ${shown} |`,
  ]);
  expect(table).not.toMatch(/[<>]/);
});

test.each([
  ['Twice the parameter', 'Twice the parameter'],
  ['snake_case of fetch/page:1.2 - done', 'snake_case of fetch/page:1.2 - done'],
  ['_a_ # www.evil.example me@evil.example', '\\_a\\_ \\# www\\.evil.example me\\@evil.example'],
  ['- a list', '\\- a list'],
  ['12. a list', '12\\. a list'],
  ['<b>', '&lt;b&gt;'],
])('the summary %j is plain text: %j', (text, markdown) => {
  expect(plainMarkdown(text)).toBe(markdown);
});

test('no summary takes more bytes than the server takes, whatever is in it', () => {
  for (const character of ['&', '<', '|', '\u0007', '\u202e', '😀', '_'])
    expect(Buffer.byteLength(plainMarkdown(character.repeat(100)))).toBeLessThanOrEqual(400);
});

test('twenty of the worst failures stay within the 20,000 bytes of the server', () => {
  for (const message of ['|'.repeat(500), '<'.repeat(500), '世'.repeat(500), '😀'.repeat(250)]) {
    const failures = Array.from({ length: 20 }, () => ({ knot: 'k'.repeat(200), type: 'E', message }));
    expect(Buffer.byteLength(detailsTable({ counts, failures }))).toBeLessThan(20_000);
  }
});
