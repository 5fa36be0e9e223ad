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
 * break at the next deploy: see "Changes to the interpreter" in CONTRIBUTING.md.
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
});

interface StoredEvent {
  readonly eventType: string;
  readonly activityTaskScheduledEventAttributes?: { readonly activityType: { name: string } };
  readonly workflowExecutionStartedEventAttributes?: { readonly workflowId: string };
}

interface StoredHistory {
  readonly name: string;
  readonly events: StoredEvent[];
}

function read(name: string): StoredHistory {
  const { events } = JSON.parse(gunzipSync(readFileSync(join(FOLDER, name))).toString('utf8')) as never;
  return { name, events };
}

/** Replays all with one worker, one after the other, and answers what is the matter with those that differ, by name. */
async function differences(stored: Iterable<StoredHistory>): Promise<Record<string, string>> {
  const different: Record<string, string> = {};
  let current = '';
  const replayed = Worker.runReplayHistories(
    { workflowBundle },
    (function* () {
      for (const { name, events } of stored) {
        current = name;
        // Under its own id, of which those of its child runs are made.
        const { workflowId } = events[0]!.workflowExecutionStartedEventAttributes!;
        yield { workflowId, history: historyFromJSON({ events }) };
      }
    })(),
  );
  for await (const { error } of replayed) if (error) different[current] = error.message;
  return different;
}

test('every behaviour has histories, one of them continued as new', () => {
  for (let behaviour = 1; behaviour <= NEWEST_BEHAVIOUR; behaviour++) {
    const own = histories.filter((name) => name.startsWith(`behaviour-${behaviour}/`));
    expect(own.length).toBeGreaterThan(4);
    expect(own.map((name) => read(name).events.at(-1)?.eventType)).toContain(
      'EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW',
    );
  }
});

test('all of them replay', async () => {
  let count = 0;
  const counted = function* (): Generator<StoredHistory> {
    for (const name of histories) {
      yield read(name);
      count += 1;
    }
  };
  expect(await differences(counted())).toEqual({});
  expect(count).toBe(histories.length);
});

test('a history that the interpreter could not have made is noticed, and named', async () => {
  const diamond = read(histories.find((name) => name.includes('diamond'))!);
  const changed = { ...structuredClone(diamond), name: 'changed' };
  const scheduled = changed.events.filter(({ activityTaskScheduledEventAttributes: activity }) => activity);
  expect(scheduled).toHaveLength(3);
  scheduled[0]!.activityTaskScheduledEventAttributes!.activityType.name = 'another';
  expect(await differences([diamond, changed, diamond])).toEqual({
    changed: expect.stringMatching(/determinis/i),
  });
});
