import { logLines } from '../../../src/explorer/page/run/log-lines';

test('the lines of a log are shown as time, level and text; what is none stays as it is', () => {
  const log = [
    'age":"cut","level":"info"}',
    '{"time":"2026-11-27T17:59:59.064Z","level":"info","message":"asking 3 stations"}',
    '{"time":"2026-11-27T18:00:01.2Z","level":"warn","message":"slow","station":"alps-001"}',
    '{"message":7}',
    '',
  ].join('\n');
  expect(logLines(log)).toEqual([
    { text: 'age":"cut","level":"info"}' },
    { time: '17:59:59.064', level: 'info', text: 'asking 3 stations' },
    { time: '18:00:01.2', level: 'warn', text: 'slow {"station":"alps-001"}' },
    { text: '{"message":7}' },
  ]);
});
