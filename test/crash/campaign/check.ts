import { createHash } from 'node:crypto';

import { isGrpcServiceError, type WorkflowClient } from '@temporalio/client';
import type { History } from '@temporalio/common/lib/proto-utils';

import type { Backends, DataStore, LineageRecord, RunRecord } from '../../../src/ports';
import { type JournalLine } from './journal';
import { PACE, PLACES, isBrought, isInSegment, isPaced, isPlaced, sharedBy } from './mix';
import type { Cut } from './plan';
import { workerIdentity } from './worker-identity';
import { workflowsOf } from './workflows-of';

/** What a run came to, without what differs from run to run: an outcome a knot, and the run's own. */
export type Digest = ReadonlyMap<string, string>;

export interface Death {
  readonly pid: number;
  readonly at: number;
}

export interface Checked {
  readonly digest: Digest;
  /** Digest of the run that was cut short, if `digest` is that of the run that resumed it. */
  readonly cutDigest?: Digest;
  readonly problems: readonly string[];
  /** Bodies that were called after the record of another attempt was there, but asked for it before. */
  readonly overlaps: number;
}

/** gRPC's. */
const NOT_FOUND = 5;
const SHOWN = 5;
/** Clocks and timers are of whole milliseconds. */
const TIMER_SLACK_MS = 5;

/** What tells of the bodies of a scenario. */
export interface Evidence {
  readonly journal: readonly JournalLine[];
  readonly deaths: readonly Death[];
  /** Whether workers were frozen, so that bodies ran on that had been given up. */
  readonly hasFrozen: boolean;
  /** Process ids of those that were frozen. */
  readonly frozen: ReadonlySet<number>;
}

/** Reads what a run left behind, and says what of it must not be. */
export async function checkRun(backends: Backends, runId: string, evidence: Evidence): Promise<Checked> {
  return (await examine(backends, runId, evidence)).checked;
}

/** As {@link checkRun}, of a run that was cut short and the one that went on from it. */
export async function checkResumed(
  backends: Backends,
  cutRunId: string,
  runId: string,
  evidence: Evidence,
): Promise<Checked> {
  const cut = await examine(backends, cutRunId, evidence);
  if (cut.run && wasUnbegun(cut.run, cut.records, evidence) && !(await backends.runHistory.getRun(runId))) {
    const { problems } = cut.checked;
    return { digest: new Map(), cutDigest: cut.checked.digest, problems, overlaps: 0 };
  }
  const resumed = await examine(backends, runId, evidence);
  const problems = [
    ...cut.checked.problems.map((problem) => `before it was resumed, ${problem}`),
    ...resumed.checked.problems,
    ...(resumed.run ? ranAgain(cut.records, resumed.run, evidence) : []),
  ];
  const overlaps = cut.checked.overlaps + resumed.checked.overlaps;
  return { digest: resumed.checked.digest, cutDigest: cut.checked.digest, problems, overlaps };
}

/**
 * Whether nothing was on record when the run ended, so that it could not be gone on from. A first step that was under way then may
 * still have recorded the parameters.
 */
function wasUnbegun(
  { finished_at: end }: RunRecord,
  records: readonly LineageRecord[],
  evidence: Evidence,
): boolean {
  return records.every(
    (record) => record.knot_id.startsWith('param:') && insertedBy(record, evidence) > (end ?? Infinity),
  );
}

interface Examined {
  readonly run?: RunRecord;
  readonly records: readonly LineageRecord[];
  readonly checked: Checked;
}

async function examine(backends: Backends, runId: string, evidence: Evidence): Promise<Examined> {
  const run = await backends.runHistory.getRun(runId);
  if (!run) {
    const checked = { digest: new Map(), problems: [`the run ${runId} has no record`], overlaps: 0 };
    return { records: [], checked };
  }
  const records = await backends.runHistory.getRecords(run.temporal_run_id);
  const { problems: reruns, overlaps } = bodiesAfterRecords(records, evidence);
  const nested = await Promise.all(childRunsIn(records).map((child) => examine(backends, child, evidence)));
  const problems = [
    ...(run.status === 'running' ? ['the record of the run says that it is running'] : []),
    ...doubleRecords(records),
    ...(await missingValues(records, backends.dataStore)),
    ...reruns,
    ...crowds(evidence),
    ...rushes(evidence),
    ...nested.flatMap(({ checked }) => checked.problems),
  ];
  return { run, records, checked: { digest: digestOf(run.status, records), problems, overlaps } };
}

/** Runs that its knots have started, and that are over: of a loop, all iterations. */
function childRunsIn(records: readonly LineageRecord[]): string[] {
  return records.flatMap(({ outcome, cached_from_run: from, extra }) => {
    const { child_run: child, iterations } = extra as { child_run?: { run_id: string }; iterations?: number };
    if (!child || outcome !== 'ok' || from !== null) return [];
    if (iterations === undefined) return [child.run_id];
    const id = child.run_id.slice(0, child.run_id.lastIndexOf('#'));
    return Array.from({ length: iterations }, (_, index) => `${id}#${index + 1}`);
  });
}

export function digestOf(status: string, records: readonly LineageRecord[]): Digest {
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

const CUT_STATUS = { cancel: 'cancelled', terminate: 'terminated', deadline: 'failed' } as const;

/** How a run that was cut short differs from one of which a part is not there. */
export function differencesOfCut(digest: Digest, expected: Digest, { how }: Cut): string[] {
  const found: string[] = [];
  for (const [knot, is] of digest) {
    const was = expected.get(knot) ?? 'no record';
    const isCut =
      knot === '(the run)'
        ? is === CUT_STATUS[how]
        : is === 'skipped cancelled' ||
          // What comes to a run that has just been cut short finds its parents skipped by that.
          (isBrought(knot) && is === 'skipped parent_failed_or_skipped');
    if (is !== was && !isCut)
      found.push(`before it was resumed, ${knot} should be "${was}" or cut short, and is "${is}"`);
  }
  // Nobody is left to record what a terminated run has not come to.
  if (how !== 'terminate' && digest.size > 1) {
    for (const knot of expected.keys()) {
      if (!digest.has(knot) && !isBrought(knot)) found.push(`before it was resumed, ${knot} has no record`);
    }
  }
  return found.slice(0, SHOWN);
}

/** Bodies of a resumed run that ran although their knots had a value to take over when it began. */
function ranAgain(before: readonly LineageRecord[], resumed: RunRecord, evidence: Evidence): string[] {
  const problems: string[] = [];
  const isToRunAgain = madeOfFailures(before);
  for (const record of before) {
    if (record.outcome !== 'ok' || insertedBy(record, evidence) >= resumed.started_at) continue;
    if (isToRunAgain.has(record.knot_id)) continue;
    const ran = evidence.journal.some(
      ({ run, knot, what }) => run === resumed.run_id && knot === record.knot_id && what === 'began',
    );
    if (ran) problems.push(`the body of ${record.knot_id} ran again in the run that took over its value`);
  }
  return problems;
}

/** Knots that received a failure, and all below them: these are run again with the knot that failed. */
function madeOfFailures(records: readonly LineageRecord[]): ReadonlySet<string> {
  const found = new Set(
    records
      .filter(({ parent_input_hashes }) => Object.values(parent_input_hashes).includes(null))
      .map(({ knot_id }) => knot_id),
  );
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const { knot_id, parent_knot_ids } of records) {
      if (Object.values(parent_knot_ids).some((parent) => found.has(parent))) found.add(knot_id);
    }
  }
  return found;
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
  records: readonly LineageRecord[],
  evidence: Evidence,
): { problems: string[]; overlaps: number } {
  const problems: string[] = [];
  let overlaps = 0;
  for (const record of records) {
    const { run_id: run, knot_id: knot, attempt } = record;
    const known = insertedBy(record, evidence);
    for (const line of evidence.journal) {
      if (line.run !== run || line.knot !== knot || line.what !== 'began' || line.at <= known) continue;
      // A frozen worker wakes with what it was given before: an earlier attempt, or a segment, whose knots are handed back and counted anew.
      const isOther = record.worker !== workerIdentity(line.pid);
      const wasAsleep = evidence.frozen.has(line.pid) && isOther && line.attempt <= attempt;
      if (line.takenAt <= known || wasAsleep) {
        overlaps += 1;
        continue;
      }
      problems.push(
        `the body of ${knot} ran again (attempt ${line.attempt}, process ${line.pid}) ${line.at - known} ms after ` +
          `the record of attempt ${attempt} was inserted`,
      );
    }
  }
  return { problems, overlaps };
}

/** More bodies at once than the limit of their knots allows. One whose process was killed has ended with it; a frozen one may have lost its place. */
function crowds({ journal, deaths, hasFrozen }: Evidence): string[] {
  if (hasFrozen) return [];
  const running = new Map<string, JournalLine>();
  for (const line of journal) {
    if (!isPlaced(line.knot) || (line.what !== 'began' && line.what !== 'ended')) continue;
    const body = `${line.pid}/${line.run}/${line.knot}/${line.attempt}`;
    if (line.what === 'ended') {
      running.delete(body);
      continue;
    }
    for (const [other, { pid }] of running)
      if (deaths.some((death) => death.pid === pid && death.at <= line.at)) running.delete(other);
    running.set(body, line);
    if (running.size > PLACES)
      return [`${running.size} bodies ran at once of which ${PLACES} may: ${[...running.keys()].join(', ')}`];
  }
  return [];
}

/** More bodies begun in some time than their pace allows. That time is from when the first was given out, so that it had no turn before. */
function rushes({ journal }: Evidence): string[] {
  const begun = journal.filter(
    (line): line is JournalLine & { what: 'began' } => line.what === 'began' && isPaced(line.knot),
  );
  for (const { takenAt: from } of begun) {
    const since = begun.filter(({ takenAt }) => takenAt >= from).sort((a, b) => a.at - b.at);
    for (const [index, { at }] of since.entries()) {
      if (at - from + TIMER_SLACK_MS >= (index * 1_000) / PACE) continue;
      return [`${index + 1} bodies began within ${at - from} ms, at a pace of ${PACE} a second`];
    }
  }
  return [];
}

/**
 * Values that these runs have one from another. A body must not run for a value that was on record when its activity was given out; and
 * where a lease is taken, no two bodies for one value run at once: a killed one has ended with its process, a frozen one may have lost it.
 */
export async function checkShared(
  { runHistory }: Backends,
  runIds: readonly string[],
  evidence: Evidence,
): Promise<string[]> {
  const known = new Map<string, number>();
  for (const runId of runIds) {
    const run = await runHistory.getRun(runId);
    for (const record of run ? await runHistory.getRecords(run.temporal_run_id) : []) {
      const value = sharedBy(record.knot_id);
      if (value === undefined || record.outcome !== 'ok' || record.cached_from_run !== null) continue;
      known.set(value, Math.min(known.get(value) ?? Infinity, insertedBy(record, evidence)));
    }
  }
  return [...madeAgain(known, evidence), ...(evidence.hasFrozen ? [] : madeAtOnce(evidence))];
}

function madeAgain(known: ReadonlyMap<string, number>, { journal }: Evidence): string[] {
  return journal.flatMap((line) => {
    const since = known.get(sharedBy(line.knot) ?? '') ?? Infinity;
    if (line.what !== 'began' || line.takenAt <= since) return [];
    const late = line.takenAt - since;
    return [`the body of ${line.knot} of ${line.run} was given out ${late} ms after its value was on record`];
  });
}

function madeAtOnce({ journal, deaths }: Evidence): string[] {
  const problems: string[] = [];
  const running = new Map<string, JournalLine>();
  for (const line of journal) {
    const value = sharedBy(line.knot);
    if (value === undefined || isInSegment(line.knot)) continue;
    if (line.what === 'ended') running.delete(value);
    if (line.what !== 'began') continue;
    const other = running.get(value);
    const isOver = !other || deaths.some(({ pid, at }) => pid === other.pid && at <= line.at);
    if (!isOver)
      problems.push(`${line.knot} of ${line.run} and ${other.knot} of ${other.run} were made at once`);
    running.set(value, line);
  }
  return problems;
}

/** When a record was there at the latest; Infinity where nothing tells. */
function insertedBy(
  { run_id: run, knot_id: knot, worker }: LineageRecord,
  { journal, deaths }: Evidence,
): number {
  const noted = journal.find(
    (line) => line.run === run && line.knot === knot && line.what === 'recorded',
  )?.at;
  const died = deaths.find(({ pid }) => workerIdentity(pid) === worker)?.at;
  return Math.min(noted ?? Infinity, died ?? Infinity);
}

/** Whether the server has the answer of this knot from this worker, in any execution of the run or in a child run of it. */
export async function hasAnswer(
  client: WorkflowClient,
  { run_id: runId, temporal_run_id: first }: RunRecord,
  knot: string,
  pid: number,
): Promise<boolean> {
  for (let execution: string | null | undefined = first; execution;) {
    const { events } = await client.getHandle(runId, execution).fetchHistory();
    if (isAnswered(events, knot, pid)) return true;
    execution = events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  }
  try {
    const { events } = await client.getHandle(workflowsOf(runId, knot).at(-1)!).fetchHistory();
    return isAnswered(events, knot, pid);
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === NOT_FOUND) return false;
    throw error;
  }
}

function isAnswered(events: History['events'], knot: string, pid: number): boolean {
  const scheduled = new Set<string>();
  for (const event of events ?? []) {
    if (event.activityTaskScheduledEventAttributes?.activityId === knot) scheduled.add(String(event.eventId));
    const completed = event.activityTaskCompletedEventAttributes;
    if (!completed || !scheduled.has(String(completed.scheduledEventId))) continue;
    if (completed.identity === workerIdentity(pid)) return true;
  }
  return false;
}
