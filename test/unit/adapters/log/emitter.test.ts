import { createLogEmitter } from '../../../../src/adapters/log/emitter';
import { logEmitter, type LogEmitterOptions } from '../../../../src/emitters';
import { sampleRun, type SampleRun } from '../../../support/run-events';

let run: SampleRun;
beforeAll(async () => {
  run = await sampleRun();
});

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

async function written(options: LogEmitterOptions): Promise<{ text: string; lines: Line[] }> {
  let text = '';
  const stdout = { write: (more: string, done?: () => void) => ((text += more), done?.()) };
  await createLogEmitter(logEmitter(options), stdout).deliver(run.events, run.context());
  return {
    text,
    lines: text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line),
  };
}

const about = (lines: readonly Line[], knot: string): Line => lines.find((line) => line['knotId'] === knot)!;

test('a line of JSON for each event, in the shape of pino, with the level of its outcome', async () => {
  const { lines } = await written({ level: 'debug' });
  expect(lines).toHaveLength(run.events.length);
  expect(lines[0]).toEqual({
    level: 30,
    time: run.events[0]!.at,
    pid: process.pid,
    hostname: expect.any(String) as string,
    event: 'run-started',
    eventId: run.events[0]!.id,
    runId: 'sample-1',
    temporalRunId: run.events[0]!.run.temporal_run_id,
    tapestry: 'sample',
    msg: 'run sample-1 started',
  });
  expect(about(lines, 'list')).toMatchObject({ level: 30, outcome: 'ok', attempt: 1, msg: 'knot list ok' });
  expect(about(lines, 'list')['outputHash']).toMatch(/^sha256:/);
  expect(about(lines, 'fail')).toMatchObject({
    level: 50,
    outcome: 'err',
    err: { type: 'RangeError', message: 'no \u001b[31mluck\u0000' },
  });
  expect(about(lines, 'after')).toMatchObject({ level: 40, skipReason: 'parent_failed_or_skipped' });
  expect(lines.at(-1)).toMatchObject({ level: 50, status: 'failed', event: 'run-ended' });
});

test('a terminal obeys nothing in it, and the values are what they were', async () => {
  const { text, lines } = await written({ payloads: true });

  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  expect(about(lines, 'list')['value']).toEqual(['a', 'b\u001b[31m\u0000\u202e']);
  expect(about(lines, 'when')['value_omitted']).toBe('not-json');
});

test('no line below the level, and no value unless asked for', async () => {
  const { lines } = await written({ level: 'error' });
  expect(lines.map(({ level }) => level)).toEqual([50, 50]);
  expect((await written({})).lines.every((line) => !('value' in line))).toBe(true);
});

test('a logger of one’s own gets fields and message', async () => {
  const told: [level: string, fields: object, message: string][] = [];
  const at = (level: string) => (fields: object, message: string) => void told.push([level, fields, message]);
  const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  await createLogEmitter(logEmitter({ logger })).deliver(run.events, run.context());
  expect(told.at(-1)).toEqual([
    'error',
    expect.objectContaining({ runId: 'sample-1', status: 'failed' }),
    'run sample-1 failed',
  ]);
  expect(told[0]![1]).not.toHaveProperty('level');
});

test('a reader that has gone is a failure, after which the same events come again', async () => {
  const stdout = { write: (_: string, done?: (error?: Error) => void) => done?.(new Error('EPIPE')) };
  const emitter = createLogEmitter(logEmitter(), stdout);
  await expect(emitter.deliver(run.events, run.context())).rejects.toThrow('EPIPE');
});

test('reused knots say from where', async () => {
  const reused = run.events.map((event) =>
    event.type === 'knot-finished' && event.record.knot_id === 'list'
      ? { ...event, record: { ...event.record, cached_from_run: 'earlier' } }
      : event,
  );
  const told: { knotId?: string }[] = [];
  const logger = { debug() {}, warn() {}, error() {}, info: (fields: object) => void told.push(fields) };
  await createLogEmitter(logEmitter({ logger })).deliver(reused, run.context());
  expect(told.find(({ knotId }) => knotId === 'list')).toMatchObject({ cachedFromRun: 'earlier' });
});
