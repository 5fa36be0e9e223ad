import { CloudEvent as Checked } from 'cloudevents';

import { enveloped, payloadOf, toCloudEvent, type Envelope, type RunEvent } from '../../../src/emitters';
import { SelvageError } from '../../../src/errors';
import { sampleRun, type SampleRun } from '../../support/run-events';
import { rejectionOf } from '../../support/rejection-of';

const source = 'https://data.example.com/selvage/';
let run: SampleRun;
beforeAll(async () => {
  run = await sampleRun();
});

const eventOf = (knot: string): RunEvent =>
  run.events.find((event) => event.type === 'knot-finished' && event.record.knot_id === knot)!;

test('every event is a valid CloudEvent, with the id and the time of the event', () => {
  for (const event of run.events) {
    const made = toCloudEvent(event, { source });
    // The official package checks attributes by the schema of CloudEvents.
    expect(new Checked({ ...made }, true).validate()).toBe(true);
    expect(made).toMatchObject({ id: event.id, source: `${source}sample`, partitionkey: 'sample-1' });
    expect(Date.parse(made.time)).toBe(Math.trunc(event.at));
    expect(JSON.parse(JSON.stringify(made))).toEqual(made);
  }
});

test('types, subjects and what can be filtered by without looking into the data', () => {
  const told = run.events.map((event) => toCloudEvent(event, { source }));
  const of = (subject: string): unknown => {
    const { type, outcome, status, tapestry } = told.filter((one) => one.subject === subject).at(-1)!;
    return { type, outcome, status, tapestry };
  };
  const tapestry = 'sample';
  expect(told[0]!.type).toBe('dev.selvage.run.started');
  expect(of('sample-1')).toEqual({ type: 'dev.selvage.run.ended', status: 'failed', tapestry });
  const type = 'dev.selvage.knot.finished';
  expect(of('sample-1/shouted[1]')).toEqual({ type, outcome: 'ok', tapestry });
  expect(of('sample-1/fail')).toEqual({ type, outcome: 'err', tapestry });
  expect(of('sample-1/after')).toEqual({ type, outcome: 'skipped', tapestry });
});

test('what a start and a knot say is the same before and after the run ends', () => {
  for (const event of run.events.filter(({ type }) => type !== 'run-ended')) {
    const before: RunEvent = {
      ...event,
      run: { ...event.run, status: 'running', finished_at: null, details: {} },
    };
    expect(toCloudEvent(before, { source })).toEqual(toCloudEvent(event, { source }));
  }
});

describe('values that are sent along', () => {
  const envelope: Envelope = { source, payloads: true, payloadLimit: 60 };

  test.each([
    ['list', { value: ['a', 'b\u001b[31m\u0000\u202e'] }],
    ['shouted[0]', { value: 'A' }],
    ['when', { value_omitted: 'not-json' }],
    ['fail', {}],
    ['after', {}],
  ])('of %s', async (knot, expected) => {
    const { data } = await enveloped(eventOf(knot), envelope, run.context());
    const { value, value_omitted } = data as { value?: unknown; value_omitted?: string };
    expect({
      ...(value !== undefined && { value }),
      ...(value_omitted !== undefined && { value_omitted }),
    }).toEqual(expected);
  });

  test('not without being asked for, and not beyond the bound', async () => {
    const never = run.context({ value: () => Promise.reject(new Error('read')) });
    const none = await enveloped(eventOf('list'), { ...envelope, payloads: false }, never);
    expect(none.data).not.toHaveProperty('value');
    const short = await enveloped(eventOf('list'), { ...envelope, payloadLimit: 5 }, never);
    expect(short.data).toMatchObject({ value_omitted: 'too-large' });
  });

  test('what is gone is said to be; what cannot be read now fails, to be tried again', async () => {
    const { record } = eventOf('list') as Extract<RunEvent, { type: 'knot-finished' }>;
    const gone = new SelvageError('ValueMissing', 'gone');
    expect(await payloadOf(record, 100, () => Promise.reject(gone))).toEqual({ value_omitted: 'gone' });
    const away = new SelvageError('BackendUnavailable', 'away');
    expect(await rejectionOf(payloadOf(record, 100, () => Promise.reject(away)))).toBe(away);
  });
});
