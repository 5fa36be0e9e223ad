import fc from 'fast-check';
import { answerJson, fromAnswerJson } from '../../../src/values/answer-json';
import { sampleLineage, sampleRun } from '../../../src/testing/sample-records';

const AT = Date.UTC(2026, 0, 31, 12, 30, 15, 250);
const TEXT = '2026-01-31T12:30:15.250Z';

describe('the JSON of answers', () => {
  test('has times as ISO 8601 text, wherever they stand', () => {
    expect(
      answerJson({
        since: AT,
        finishedAt: null,
        nextAt: [AT, AT + 0.4],
        runs: [{ startedAt: AT, failingSince: AT }],
        lag: { at: 0 },
      }),
    ).toEqual({
      since: TEXT,
      finishedAt: null,
      nextAt: [TEXT, TEXT],
      runs: [{ startedAt: TEXT, failingSince: TEXT }],
      lag: { at: '1970-01-01T00:00:00.000Z' },
    });
  });

  test('leaves durations, sizes, places in code and what is no time at all', () => {
    const answer = {
      durationMs: 12,
      bytes: AT,
      until: Infinity,
      at: 'pipeline.ts:3:1',
      index: 3,
      done: true,
    };
    expect(answerJson(answer)).toEqual(answer);
  });

  test('has records in camelCase with their facts, and names of users as they are', () => {
    const record = sampleLineage({
      parent_input_hashes: { user_name: null },
      extra: {
        made_at: AT,
        child_run: { run_id: 'r', temporal_run_id: 't' },
        attempts: [{ started_at: AT, ended_at: AT }],
      },
    });
    const run = sampleRun({
      finished_at: AT,
      terminals: { some_report: 'sum_up' },
      details: { started_with: { terminals: { some_report: 'sum_up' } }, event: { at: 5, some_key: 1 } },
    });
    expect(answerJson([{ origin: { record } }, run])).toMatchObject([
      {
        origin: {
          record: {
            knotId: record.knot_id,
            parentInputHashes: { user_name: null },
            scheduledAt: new Date(record.scheduled_at).toISOString(),
            extra: {
              madeAt: TEXT,
              childRun: { runId: 'r', temporalRunId: 't' },
              attempts: [{ startedAt: TEXT, endedAt: TEXT }],
            },
          },
        },
      },
      {
        runId: run.run_id,
        finishedAt: TEXT,
        terminals: { some_report: 'sum_up' },
        details: { startedWith: { terminals: { some_report: 'sum_up' } }, event: { at: 5, some_key: 1 } },
      },
    ]);
    const names = Object.keys(answerJson(record) as object);
    expect(names).toHaveLength(Object.keys(record).length);
    expect(names.filter((name) => name.includes('_'))).toEqual([]);
  });

  test('takes names of knots and partitions for no fields, whatever they are', () => {
    const names = ['value', 'details', 'at', 'run_id', 'startedAt', '__proto__'];
    const of = (since: number | string): unknown =>
      Object.fromEntries(names.map((name) => [name, { since }]));
    for (const field of ['waiting', 'knots', 'elements', 'outcomes', 'checkpoint']) {
      expect(answerJson({ [field]: of(AT) })).toEqual({ [field]: of(TEXT) });
      expect(fromAnswerJson({ [field]: of(TEXT) })).toEqual({ [field]: of(AT) });
    }
    expect(answerJson({ waiting: { code: 'Signal', since: AT } })).toEqual({
      waiting: { code: 'Signal', since: TEXT },
    });
  });

  const theirs = fc.json().map((text) => JSON.parse(text) as unknown);
  const someValue = fc.oneof(
    theirs,
    fc.constant({
      run_id: 'mine',
      temporal_run_id: 'x',
      startedAt: AT,
      since: AT,
      nested: { extra: { made_at: AT } },
    }),
  );

  test.each(['value', 'values', 'outputs', 'json', 'schema', 'parameters', 'event', 'constant'])(
    'hands on what users have made under `%s`',
    (name) => {
      fc.assert(
        fc.property(someValue, (value) => {
          const answer = { runs: [{ [name]: value }] };
          expect(answerJson(answer)).toEqual(answer);
          expect(fromAnswerJson(answer)).toEqual(answer);
        }),
      );
    },
  );

  test('is read back as the answer was', () => {
    const time = fc.integer({ min: -8.64e15, max: 8.64e15 });
    const answers = fc.record({
      since: fc.option(time),
      message: fc.oneof(fc.string(), fc.constant(TEXT)),
      items: fc.array(
        fc.record({ startedAt: time, durationMs: fc.nat(), tags: fc.array(fc.string()), json: theirs }),
      ),
      nextAt: fc.array(time),
    });
    fc.assert(
      fc.property(answers, (answer) => {
        expect(fromAnswerJson(JSON.parse(JSON.stringify(answerJson(answer))))).toEqual(
          JSON.parse(JSON.stringify(answer)),
        );
      }),
    );
  });
});
