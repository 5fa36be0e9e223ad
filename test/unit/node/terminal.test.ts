import { formatTable } from '../../../src/cli/output/format';
import { terminalText } from '../../../src/node/terminal';
import { recordedOutput } from '../cli/output-streams';

/** Each does something to a terminal, or to how a line reads. */
const HOSTILE = {
  'an escape sequence': '\u001b[2J',
  'a bell': '\u0007',
  'the clipboard (OSC 52)': '\u001b]52;c;cm0gLXJmIH4=\u0007',
  'a title': '\u001b]0;root\u001b\\',
  'C1 controls': '\u009b31m\u009d0;t\u009c',
  'a carriage return': 'good\rbad',
  'a backspace': 'bad\b\b\bok',
  'a null': '\0',
  delete: '\u007f',
  'bidirectional controls': '\u202etxt.exe\u202c \u2066a\u2069 \u200f\u061c',
  'hidden characters': 'a\u200bb\ufeffc\u2060d\u{e0041}e',
  'separators of lines': 'a\u2028b\u2029c',
};
const OBEYED =
  /[^\P{Cc}\n\t]|[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\u{e0000}-\u{e007f}]/u;

describe.each(Object.entries(HOSTILE))('%s', (_, text) => {
  test.each([true, false])('is written as text (to a terminal: %s)', (isTTY) => {
    const { output, stdout, stderr } = recordedOutput({ isTTY, env: { NO_COLOR: '1' } });
    output.say(`id ${text}`);
    output.warn(text);
    output.raw(text);
    output.rawError(text);
    expect(stdout.text + stderr.text).not.toMatch(OBEYED);
    expect(stdout.text).toContain('\\u');
  });

  test('is in no live line', () => {
    const { output, stdout } = recordedOutput({ isTTY: true });
    output.live(text);
    expect(stdout.text.replace('\r\u001b[K', '')).not.toMatch(OBEYED);
  });

  test('is in no document, which says the same', () => {
    const { output, stdout } = recordedOutput({ json: true });
    output.document({ [text]: [text] });
    expect(stdout.text).not.toMatch(OBEYED);
    expect(JSON.parse(stdout.text)).toEqual({ [text]: [text] });
  });
});

test('colours are ours: a text has none of its own, inside one of ours neither', () => {
  const { output, stdout } = recordedOutput({ isTTY: true });
  output.say(`${output.red('failed \u001b[32m')} \u001b[1mx`);
  expect(stdout.text).toBe('\u001b[31mfailed \\u001b[32m\u001b[0m \\u001b[1mx\n');
});

test('lines, tabs, text in any script and emoji stay as they are', () => {
  const text = 'a\n\tb\r\nc שלום مرحبا नमस्ते 日本 👩‍👩‍👧 e\u0301 می‌خواهم';
  expect(terminalText(text)).toBe(text);
});

test('a cell of a table stays in its line and column', () => {
  const { output, stdout } = recordedOutput({ isTTY: true });
  output.say(
    formatTable(
      ['RUN', 'STATUS'],
      [
        ['a\nb\u001b', output.green('ok')],
        ['long-long-id', 'failed'],
      ],
    ),
  );
  expect(stdout.text.split('\n')).toEqual([
    'RUN           STATUS',
    'a\\nb\\u001b    \u001b[32mok\u001b[0m',
    'long-long-id  failed',
    '',
  ]);
});
