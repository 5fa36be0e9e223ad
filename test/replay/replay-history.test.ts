import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DefaultLogger, bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { NEWEST_BEHAVIOUR } from '../../src/workflows/behaviours';
import { replayHistory, type ReplayedExecution } from '../../src/worker';
import { quietRuntime } from '../support/quiet-runtime';
import { refusal } from '../support/refusal';

let workflowBundle: WorkflowBundleWithSourceMap;

beforeAll(async () => {
  quietRuntime();
  workflowBundle = await bundleWorkflowCode({
    workflowsPath: require.resolve('../../src/workflows'),
    logger: new DefaultLogger('ERROR'),
  });
});

interface Event {
  eventId: string;
  eventType: string;
  activityTaskScheduledEventAttributes?: { activityId: string; activityType: { name: string } };
  markerRecordedEventAttributes?: {
    details: Record<string, { payloads: { data: string }[] }>;
  };
}

function stored(name: string): { events: Event[] } {
  const file = path.join(__dirname, 'histories', `${name}.json.gz`);
  return JSON.parse(gunzipSync(readFileSync(file)).toString()) as { events: Event[] };
}

/** A stored history after somebody's change. */
function changed(change: (events: Event[]) => void = () => {}): { events: Event[] } {
  const history = stored('behaviour-1/diamond-0');
  change(history.events);
  return history;
}

const replay = (json: unknown): Promise<ReplayedExecution> =>
  replayHistory(json, { workflows: { workflowBundle } });

/** Changes what the first step answered. */
function alterPin(events: Event[], change: (result: { behaviour: number }) => void): void {
  const marker = events.find((event) => event.markerRecordedEventAttributes)!;
  const payload = marker.markerRecordedEventAttributes!.details['result']!.payloads[0]!;
  const result = JSON.parse(Buffer.from(payload.data, 'base64').toString()) as { behaviour: number };
  change(result);
  payload.data = Buffer.from(JSON.stringify(result)).toString('base64');
}

test('a history of this version, or of an older one, replays', async () => {
  expect(await replay(changed())).toMatchObject({
    verdict: 'replays',
    tapestry: 'diamond',
    events: changed().events.length,
  });
});

test.each(['child-run-0', 'child-run-of-slow-0'])(
  'a run with a child run, and the child: %s',
  async (name) => {
    expect(await replay(stored(`behaviour-1/${name}`))).toMatchObject({ verdict: 'replays' });
  },
);

test('one that differs: the event, what it is, and what is the matter', async () => {
  const history = changed();
  const last = history.events.findLast((event) => event.activityTaskScheduledEventAttributes)!;
  const { activityId, activityType } = last.activityTaskScheduledEventAttributes!;
  const expected = activityType.name;
  activityType.name = 'another';
  const result = await replay(history);
  expect(result).toMatchObject({
    verdict: 'nondeterministic',
    difference: {
      event: Number(last.eventId),
      recorded: `ActivityTaskScheduled of "another" as "${activityId}"`,
      problem: expect.stringMatching(new RegExp(`'another' does not match .*'${expected}'`)),
    },
    error: { code: 'NonDeterminism' },
  });
  expect(result.error!.message).toContain(`Event ${last.eventId} `);
});

test('one in which something is done that this version would not do', async () => {
  const history = changed((events) => {
    const at = events.findIndex((event) => event.activityTaskScheduledEventAttributes);
    const more = structuredClone(events[at]!);
    more.activityTaskScheduledEventAttributes!.activityId = 'more';
    events.splice(at, 0, more);
    events.forEach((event, index) => (event.eventId = String(index + 1)));
  });
  const first = history.events.find((event) => event.activityTaskScheduledEventAttributes)!;
  expect(await replay(history)).toMatchObject({
    verdict: 'nondeterministic',
    difference: { event: Number(first.eventId) },
  });
});

test('one that a newer version made has a code of its own, and says what to do', async () => {
  const history = changed((events) => alterPin(events, (pin) => (pin.behaviour = NEWEST_BEHAVIOUR + 1)));
  const result = await replay(history);
  expect(result).toMatchObject({ verdict: 'too-new', error: { code: 'HistoryTooNew' } });
  expect(result.error!.message).toMatch(
    /behaviour \d+; this one knows up to \d+.*worker of that version or a later/,
  );
  expect(result).not.toHaveProperty('difference');
});

test('one that has only begun says nothing against it', async () => {
  const history = changed((events) => events.splice(3));
  expect(await replay(history)).toMatchObject({ verdict: 'replays', events: 3 });
});

test('one of a workflow that is none of Selvage’s is refused by name and type', async () => {
  const history = changed((events) =>
    events.splice(0, events.length, ...events.filter((event) => !event.markerRecordedEventAttributes)),
  );
  await expect(replay(history)).rejects.toMatchObject(
    refusal('ForeignHistory', /type "diamond" is none of Selvage's: .*ActivityTaskScheduled of /),
  );
});

test.each([
  ['a number', 5],
  ['nothing', null],
  ['an object without events', {}],
  ['no events', { events: [] }],
  ['events that are none', { events: [{ eventId: '1' }] }],
  ['a part of a history', { events: changed().events.slice(1) }],
])('%s is no history', async (_, json) => {
  await expect(replay(json)).rejects.toMatchObject(refusal('FileNotLoadable', 'temporal workflow show'));
});
