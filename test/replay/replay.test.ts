import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import {
  DefaultLogger,
  Runtime,
  Worker,
  bundleWorkflowCode,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { NEWEST_BEHAVIOUR } from '../../src/workflows/behaviours';
import { isThorough } from '../support/thorough';

/**
 * Replays what interpreters of all numbered behaviours did, on the present one. A mismatch means that runs in flight would
 * break at the next deploy: see "Changes to the interpreter" in CONTRIBUTING.md.
 */
const FOLDER = join(__dirname, 'histories');
/** Those of the table that are replayed without `--thorough`, as each takes some 40 ms. */
const FEW = /-plain-(cancelled|ended|extended|terminated|continued(-terminated)?)-\d+ of /;

const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).sort();
const histories = [...files.filter((file) => file.endsWith('.json.gz')).map(readOne), ...readTable()];

let workflowBundle: WorkflowBundleWithSourceMap;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  workflowBundle = await bundleWorkflowCode({
    workflowsPath: join(__dirname, '../../src/workflows/index.ts'),
    logger: new DefaultLogger('ERROR'),
  });
});

type Attributes = Readonly<Record<string, unknown>>;

interface StoredEvent {
  readonly eventType: string;
  readonly activityTaskScheduledEventAttributes?: { readonly activityType: { name: string }; input: unknown };
  readonly workflowExecutionStartedEventAttributes?: { readonly workflowId: string };
}

interface StoredHistory {
  readonly name: string;
  readonly events: StoredEvent[];
}

function readOne(name: string): StoredHistory {
  const { events } = JSON.parse(gunzipSync(readFileSync(join(FOLDER, name))).toString('utf8')) as never;
  return { name, events };
}

/** Those of `crossed.ts`. */
function readTable(): StoredHistory[] {
  return files
    .filter((file) => file.endsWith('.json.br'))
    .flatMap((file) => {
      const text = brotliDecompressSync(readFileSync(join(FOLDER, file))).toString('utf8');
      const kept = JSON.parse(text) as Record<string, { events: StoredEvent[] }>;
      const all = Object.entries(kept).map(([name, { events }]) => ({ name: `${file}: ${name}`, events }));
      return isThorough ? all : all.filter(({ name }) => FEW.test(name));
    });
}

/** Where events have what the workflow sends. */
const SENT_IN: Readonly<Record<string, readonly string[]>> = {
  activityTaskScheduled: ['input'],
  startChildWorkflowExecutionInitiated: ['input', 'memo'],
  signalExternalWorkflowExecutionInitiated: ['input'],
  workflowExecutionContinuedAsNew: ['input'],
  workflowExecutionCompleted: ['result'],
  workflowExecutionFailed: ['failure'],
  workflowExecutionUpdateCompleted: ['outcome'],
};

function sentIn(events: readonly StoredEvent[]): string[] {
  return events.flatMap((event) =>
    Object.entries(SENT_IN).flatMap(([kind, fields]) => {
      const attributes = (event as unknown as Attributes)[`${kind}EventAttributes`] as Attributes | undefined;
      return fields.flatMap((field) => payloadsIn(attributes?.[field]));
    }),
  );
}

function payloadsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { data, metadata } = value as { data?: unknown; metadata?: unknown };
  if (typeof data === 'string' && metadata !== undefined)
    return [Buffer.from(data, 'base64').toString('utf8')];
  return Object.values(value).flatMap(payloadsIn);
}

/** Notes what workflows send: a replay itself compares no inputs and no answers. */
class Sent implements PayloadCodec {
  private texts: string[] = [];

  take(): string[] {
    return this.texts.splice(0);
  }

  encode(payloads: Payload[]): Promise<Payload[]> {
    for (const { data } of payloads) this.texts.push(Buffer.from(data ?? []).toString('utf8'));
    return Promise.resolve(payloads);
  }

  decode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.resolve(payloads);
  }
}

/** The first of the payloads on record that a replay does not send. */
function firstUnsent(recorded: readonly string[], sent: readonly string[]): string | undefined {
  const left = new Map<string, number>();
  for (const text of sent) left.set(text, (left.get(text) ?? 0) + 1);
  return recorded.find((text) => {
    const count = left.get(text) ?? 0;
    left.set(text, count - 1);
    return count === 0;
  });
}

/** Replays all with one worker, one after the other, and answers what is the matter with those that differ, by name. */
async function differences(stored: Iterable<StoredHistory>): Promise<Record<string, string>> {
  const different: Record<string, string> = {};
  let current: StoredHistory | undefined;
  const sent = new Sent();
  const replayed = Worker.runReplayHistories(
    { workflowBundle, dataConverter: { payloadCodecs: [sent] } },
    (function* () {
      for (const history of stored) {
        const { events } = (current = history);
        // Under its own id, of which those of its child runs are made.
        const { workflowId } = events[0]!.workflowExecutionStartedEventAttributes!;
        yield { workflowId, history: historyFromJSON({ events }) };
      }
    })(),
  );
  for await (const { error } of replayed) {
    const { name, events } = current!;
    const unsent = firstUnsent(sentIn(events), sent.take());
    if (error) different[name] = error.message;
    else if (unsent !== undefined) different[name] = `on record, and not sent: ${unsent}`;
  }
  return different;
}

test('every behaviour has histories, one of them continued as new', () => {
  for (let behaviour = 1; behaviour <= NEWEST_BEHAVIOUR; behaviour++) {
    const own = histories.filter(({ name }) => name.startsWith(`behaviour-${behaviour}/`));
    expect(own.length).toBeGreaterThan(4);
    expect(own.map(({ events }) => events.at(-1)?.eventType)).toContain(
      'EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW',
    );
  }
});

test('all of them replay', async () => {
  let count = 0;
  const counted = function* (): Generator<StoredHistory> {
    for (const history of histories) {
      yield history;
      count += 1;
    }
  };
  expect(await differences(counted())).toEqual({});
  expect(count).toBe(histories.length);
});

test('a history that the interpreter could not have made is noticed, and named', async () => {
  const diamond = histories.find(({ name }) => name.includes('diamond'))!;
  const changed = { ...structuredClone(diamond), name: 'changed' };
  const scheduled = changed.events.filter(({ activityTaskScheduledEventAttributes: activity }) => activity);
  expect(scheduled).toHaveLength(3);
  scheduled[0]!.activityTaskScheduledEventAttributes!.activityType.name = 'another';
  expect(await differences([diamond, changed, diamond])).toEqual({
    changed: expect.stringMatching(/determinis/i),
  });
});
