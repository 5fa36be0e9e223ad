import { logLines } from '../../../src/records/log-lines';

test('the lines of a log have a time, a level, a message and fields; a line in another format is all message', () => {
  const log = [
    'age":"cut","level":"info"}',
    '{"time":"2026-11-27T17:59:59.064Z","level":"info","message":"asking 3 stations"}',
    '{"time":"2026-11-27T18:00:01.2Z","level":"warn","message":"slow","fields":{"station":"alps-001"}}',
    '{"message":7}',
    '',
  ].join('\n');
  expect(logLines(log)).toEqual([
    { message: 'age":"cut","level":"info"}' },
    { time: '2026-11-27T17:59:59.064Z', level: 'info', message: 'asking 3 stations' },
    { time: '2026-11-27T18:00:01.2Z', level: 'warn', message: 'slow', fields: '{"station":"alps-001"}' },
    { message: '{"message":7}' },
  ]);
});
