import { recordedOutput, screen } from './output-streams';

test('people read stdout, warnings go to stderr', () => {
  const { output, stdout, stderr } = recordedOutput();
  output.say('hello');
  output.warn('careful');
  expect([stdout.text, stderr.text]).toEqual(['hello\n', 'careful\n']);
});

test('with json, stdout has the document alone', () => {
  const { output, stdout, stderr } = recordedOutput({ json: true });
  output.say('hello');
  output.document({ a: 1 });
  expect(JSON.parse(stdout.text)).toEqual({ a: 1 });
  expect(stderr.text).toBe('hello\n');
});

test('a live line stays below what is written, is cut to the width, and goes away', () => {
  const { output, stdout } = recordedOutput({ isTTY: true });
  output.live('1 of 2');
  output.say('first');
  output.live('x'.repeat(100));
  expect(screen(stdout.text)).toEqual(['first', `${'x'.repeat(58)}…`]);
  output.endLive();
  expect(screen(stdout.text)).toEqual(['first', '']);
});

test.each([
  ['a pipe', { isTTY: false }, false],
  ['a terminal', { isTTY: true }, true],
  ['a CI system with a terminal', { isTTY: true, env: { CI: 'true' } }, false],
  ['a dumb terminal', { isTTY: true, env: { TERM: 'dumb' } }, false],
])('%s: live is as it should be', (_, options, expected) => {
  expect(recordedOutput(options).output.isLive).toBe(expected);
});

test('colours are for terminals, and NO_COLOR is heard', () => {
  const red = (options: Parameters<typeof recordedOutput>[0]): string => {
    const { output, stdout } = recordedOutput(options);
    output.say(output.red('x'));
    return stdout.text;
  };
  expect(red({ isTTY: true })).toBe('\u001b[31mx\u001b[0m\n');
  expect(red({ isTTY: true, env: { NO_COLOR: '1' } })).toBe('x\n');
  expect(red({})).toBe('x\n');
});
