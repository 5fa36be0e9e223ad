import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import {
  DefaultLogger,
  Runtime,
  Worker,
  bundleWorkflowCode,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { NEWEST_BEHAVIOUR } from '../../src/workflows/behaviours';

/**
 * Replays what interpreters of all numbered behaviours did, on the present one. A mismatch means that runs in flight would
 * break at the next deploy: give the change a number in behaviours.ts instead.
 */
const FOLDER = join(__dirname, 'histories');
const histories = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.json.gz'))
  .sort();

let workflowBundle: WorkflowBundleWithSourceMap;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  workflowBundle = await bundleWorkflowCode({
    workflowsPath: join(__dirname, '../../src/workflows/index.ts'),
    logger: new DefaultLogger('ERROR'),
  });
}, 60_000);

interface StoredEvent {
  readonly eventType: string;
  readonly activityTaskScheduledEventAttributes?: { readonly activityType: { name: string } };
  readonly workflowExecutionStartedEventAttributes?: { readonly workflowId: string };
}

interface StoredHistory {
  readonly events: StoredEvent[];
}

function read(name: string): StoredHistory {
  return JSON.parse(gunzipSync(readFileSync(join(FOLDER, name))).toString('utf8')) as never;
}

/** Under its own id, of which those of its child runs are made. */
async function replay(history: StoredHistory): Promise<void> {
  const started = history.events[0]!.workflowExecutionStartedEventAttributes!;
  await Worker.runReplayHistory({ workflowBundle }, historyFromJSON(history), started.workflowId);
}

test('every behaviour has histories, one of them continued as new', () => {
  for (let behaviour = 1; behaviour <= NEWEST_BEHAVIOUR; behaviour++) {
    expect(histories.filter((name) => name.startsWith(`behaviour-${behaviour}`)).length).toBeGreaterThan(4);
  }
  const ends = histories.map((name) => read(name).events.at(-1)?.eventType);
  expect(ends).toContain('EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW');
});

test.each(histories)(
  '%s',
  async (name) => {
    await replay(read(name));
  },
  60_000,
);

test('a history that the interpreter could not have made is noticed', async () => {
  const history = read(histories.find((name) => name.includes('diamond'))!);
  const scheduled = history.events.filter(({ activityTaskScheduledEventAttributes: activity }) => activity);
  expect(scheduled).toHaveLength(3);
  scheduled[0]!.activityTaskScheduledEventAttributes!.activityType.name = 'another';
  await expect(replay(history)).rejects.toThrow(/determinis/i);
}, 60_000);
