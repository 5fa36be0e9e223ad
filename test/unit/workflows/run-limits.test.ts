import { runLimits } from '../../../src/workflows/run-limits';

test('what is wanted otherwise stands beside the defaults', () => {
  const { heartbeatTimeoutMs, ...others } = runLimits();
  expect(heartbeatTimeoutMs).toBe(30_000);
  expect(runLimits({ heartbeatTimeoutMs: 5 })).toEqual({ ...others, heartbeatTimeoutMs: 5 });
});

test.each<[string, object, reason?: string]>([
  ['one that is unknown', { holdEvent: 5 }, 'UnknownOption'],
  ['a name of every object', { toString: 5 }, 'UnknownOption'],
  ['none', { holdEvents: undefined }],
  ['zero', { holdEvents: 0 }],
  ['a fraction', { holdEvents: 1.5 }],
  ['a text', { holdEvents: '5' }],
  ['infinity', { holdEvents: Infinity }],
])('%s is refused', (_, wanted, reason = 'WrongValue') => {
  expect(() => runLimits(wanted)).toThrow(
    expect.objectContaining({ code: 'InvalidConfig', details: { limit: Object.keys(wanted)[0], reason } }),
  );
});
