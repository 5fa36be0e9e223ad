import { createHash } from 'node:crypto';

import type { WorkflowClient } from '@temporalio/client';

import type { Backends, DataStore, LineageRecord } from '../../../src/protocols';
import { readJournal, type JournalLine } from './journal';
import { workerIdentity } from './worker-identity';

/** What a run came to, without what differs from run to run: an outcome a knot, and the run's own. */
export type Digest = ReadonlyMap<string, string>;

export interface Death {
  readonly pid: number;
  readonly at: number;
}

export interface Checked {
  readonly digest: Digest;
  readonly problems: readonly string[];
  /** Bodies that were called after the record of another attempt was there, but asked for it before. */
  readonly overlaps: number;
}

const SHOWN = 5;

/** Reads what a run left behind, and says what of it must not be. */
export async function checkRun(
  folder: string,
  backends: Backends,
  runId: string,
  deaths: readonly Death[],
): Promise<Checked> {
  const run = await backends.runHistory.getRun(runId);
  if (!run) return { digest: new Map(), problems: ['the run has no record'], overlaps: 0 };
  const records = await backends.runHistory.getRecords(run.temporal_run_id);
  const { problems: reruns, overlaps } = bodiesAfterRecords(readJournal(folder), records, deaths);
  const problems = [
    ...(run.status === 'running' ? ['the record of the run says that it is running'] : []),
    ...doubleRecords(records),
    ...(await missingValues(records, backends.dataStore)),
    ...reruns,
  ];
  return { digest: digestOf(run.status, records), problems, overlaps };
}

function digestOf(status: string, records: readonly LineageRecord[]): Digest {
  const digest = new Map([['(the run)', status]]);
  for (const record of records) {
    const { error } = record.extra as { error?: { type: string; message: string } };
    const failure = error ? ` ${error.type}: ${error.message}` : '';
    digest.set(
      record.knot_id,
      `${record.outcome} ${record.output_hash ?? record.skip_reason ?? ''}${failure}`,
    );
  }
  return digest;
}

/** How a run differs from the one that nothing disturbed. */
export function differences(digest: Digest, expected: Digest): string[] {
  const found: string[] = [];
  for (const knot of new Set([...expected.keys(), ...digest.keys()])) {
    const [was, is] = [expected.get(knot) ?? 'no record', digest.get(knot) ?? 'no record'];
    if (was !== is) found.push(`${knot} should be "${was}" and is "${is}"`);
  }
  const more = found.length - SHOWN;
  return more > 0 ? [...found.slice(0, SHOWN), `and ${more} more differences`] : found;
}

function doubleRecords(records: readonly LineageRecord[]): string[] {
  const ids = records.map(({ knot_id }) => knot_id);
  return ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `${id} has two records`);
}

async function missingValues(records: readonly LineageRecord[], dataStore: DataStore): Promise<string[]> {
  const problems: string[] = [];
  for (const { knot_id: knot, outcome, output_hash: hash, extra } of records) {
    if (outcome !== 'ok') continue;
    if (hash === null) {
      problems.push(`${knot} is ok and its record names no value`);
      continue;
    }
    const { stored } = extra as { stored?: string };
    for (const wanted of stored === undefined ? [hash] : [stored]) {
      const problem = await valueProblem(dataStore, wanted);
      if (problem) problems.push(`the value ${wanted} of ${knot} ${problem}`);
    }
  }
  return problems;
}

async function valueProblem(dataStore: DataStore, hash: string): Promise<string | undefined> {
  const bytes = await dataStore.get(hash);
  if (!bytes) return 'is missing';
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (!hash.endsWith(`:${actual}`)) return 'has other bytes than its hash says';
  // A value that holds references to stored streams is only there if they are.
  const inner = hash.startsWith('sha256:') ? Buffer.from(bytes).toString('utf8').match(STREAM_HASH) : null;
  for (const stream of inner ?? []) {
    if (!(await dataStore.has(stream))) return `refers to ${stream}, which is missing`;
  }
  return undefined;
}

const STREAM_HASH = /bytes-sha256:[0-9a-f]{64}/g;

/**
 * A body must not run once its knot has a record. When a record was inserted is known to be before its attempt noted it,
 * and before its worker died. An attempt that was given out before that may have asked for a record when there was none:
 * two attempts are alive at once then, which is no fault of either.
 */
function bodiesAfterRecords(
  journal: readonly JournalLine[],
  records: readonly LineageRecord[],
  deaths: readonly Death[],
): { problems: string[]; overlaps: number } {
  const problems: string[] = [];
  let overlaps = 0;
  for (const { knot_id: knot, worker, attempt } of records) {
    const own = journal.filter((line) => line.knot === knot);
    const noted = own.find((line) => line.what === 'recorded')?.at;
    const died = deaths.find(({ pid }) => workerIdentity(pid) === worker)?.at;
    const insertedBy = Math.min(noted ?? Infinity, died ?? Infinity);
    for (const line of own) {
      if (line.what !== 'began' || line.at <= insertedBy) continue;
      if (line.takenAt <= insertedBy) {
        overlaps += 1;
        continue;
      }
      problems.push(
        `the body of ${knot} ran again (attempt ${line.attempt}, process ${line.pid}) ${line.at - insertedBy} ms after ` +
          `the record of attempt ${attempt} was inserted`,
      );
    }
  }
  return { problems, overlaps };
}

/** Whether the server has the answer of this knot from this worker. */
export async function hasAnswer(
  client: WorkflowClient,
  runId: string,
  knot: string,
  pid: number,
): Promise<boolean> {
  const { events } = await client.getHandle(runId).fetchHistory();
  const scheduled = new Set<string>();
  for (const event of events ?? []) {
    if (event.activityTaskScheduledEventAttributes?.activityId === knot) scheduled.add(String(event.eventId));
    const completed = event.activityTaskCompletedEventAttributes;
    if (!completed || !scheduled.has(String(completed.scheduledEventId))) continue;
    if (completed.identity === workerIdentity(pid)) return true;
  }
  return false;
}
