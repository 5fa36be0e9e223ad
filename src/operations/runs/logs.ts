import { z } from 'zod';
import { mapOfElement } from '../../authoring/element-id';
import type { LineageRecord, RunRecord } from '../../ports';
import { LOG_LEVELS, logLines } from '../../records/log-lines';
import { resultsInParallel } from '../../values/in-parallel';
import { TIME_FORMS } from '../../values/past-time';
import { redactText } from '../../values/redact';
import { flagged, instant, limit, list, name, page, text, time } from '../fields';
import { logHashOf, readLog } from '../knots/read-log';
import { question } from '../operation';
import type { Surroundings } from '../surroundings';
import { requireRun } from './require-run';

const RECORDS_AT_A_TIME = 500;
const LOGS_AT_ONCE = 16;
/** At most this many logs are read for one page, which then may have fewer lines than asked for. */
const MOST_LOGS = 2_000;
/** At most this many records are looked at for one page. */
const MOST_RECORDS = 20_000;

const logLine = z.object({
  at: instant,
  /** Absent if the line is not in the logger's format. */
  level: z.string().optional(),
  message: z.string(),
  /** The line's fields, as JSON. */
  fields: z.string().optional(),
  /** The knot, or the element of a map. */
  knotId: z.string(),
  attempt: z.int(),
  /** Tells lines of one log and time apart: its index from the end of the log. */
  line: z.int(),
});
type Line = z.output<typeof logLine>;

/** The place after a line: time, index from the log's end, knot. */
const CURSOR = /^(\d+):(\d+):(.*)$/s;

export const logs = question({
  name: 'runs.logs',
  summary: 'show what the bodies of a run logged, in one list by time',
  description:
    'The newest lines that the knots of a run logged: of each knot the end of what its last attempt wrote, at most 64 KiB. ' +
    'The log of a knot is there once the knot has ended.',
  group: 'see',
  isTool: true,
  at: ['runId'],
  ask: z.strictObject({
    runId: name.describe('id of the run'),
    knotId: flagged(
      name.optional().describe('lines of this knot, of this map, or of an element such as users[17]'),
      {
        flag: 'knot',
        placeholder: 'id',
      },
    ),
    level: z.enum(LOG_LEVELS).optional().describe('lines of this level, or of a more urgent one'),
    text: text.optional().describe('lines that contain this text, in upper or lower case'),
    since: time.describe(`lines written then or later: ${TIME_FORMS}`),
    limit: limit(1_000, 200),
    cursor: text.regex(CURSOR).optional().describe('go on where the page before ended'),
  }),
  answer: page(logLine).extend({
    /** Knots whose log cannot be shown, each with the error code that says why. */
    unreadable: list(z.object({ knotId: z.string(), code: z.string() })),
  }),
  examples: [
    { runId: 'nightly-1', level: 'warn' },
    { runId: 'nightly-1', knotId: 'load', text: 'timeout' },
  ],
  /** @throws SelvageError `UnknownRun`, `UnknownKnot`, `InvalidPlan`, `BackendUnavailable` */
  async run(of, ask) {
    const run = await requireRun(of, ask.runId);
    if (run.plan_hash === '') return { items: [], unreadable: [] };
    const { since = 0 } = ask;
    const begin = placeOf(ask.cursor);
    const isWanted = wantedBy(ask, begin, of.caller.maySeeSecrets ? (said) => said : redactText);
    const unreadable: { knotId: string; code: string }[] = [];
    let pending: Line[] = [];
    let read = 0;
    let seen = 0;
    for await (const { records, isLast } of recordsOf(of, run, ask.knotId)) {
      // A log has no line after the end of its knot, so that lines later than the next knot's end are complete.
      const frontier = isLast ? -1 : records.at(-1)!.finished_at;
      const logged = records.filter(
        (record) =>
          logHashOf(record) !== undefined &&
          (begin === undefined || Math.min(record.started_at, record.finished_at) <= begin.at) &&
          record.finished_at >= since,
      );
      for (const { record, log } of await resultsInParallel(logged, LOGS_AT_ONCE, async (record) => ({
        record,
        log: await readLog(of, run, logHashOf(record)!),
      }))) {
        if (log.unreadable !== undefined) unreadable.push({ knotId: record.knot_id, code: log.unreadable });
        else pending.push(...linesOf(record, log.text).filter(isWanted));
      }
      read += logged.length;
      seen += records.length;
      pending = pending.sort(byPlace);
      const due = pending.filter(({ at }) => at > frontier);
      if (due.length >= ask.limit) {
        const items = due.slice(0, ask.limit);
        const isMore = !isLast || due.length > items.length;
        return { items, unreadable, ...(isMore && { cursor: cursorAfter(items.at(-1)!) }) };
      }
      if (frontier < since) return { items: due, unreadable };
      const isLong = read >= MOST_LOGS || seen >= MOST_RECORDS;
      // A page that begins where the one before did would never come to an end.
      if (isLong && (begin === undefined || frontier < begin.at))
        return { items: due, unreadable, cursor: `${frontier}:0:` };
    }
    return { items: pending, unreadable };
  },
});

type Place = Pick<Line, 'at' | 'line' | 'knotId'>;

/** Newest first; the last line of a log first. */
function byPlace(one: Place, other: Place): number {
  if (one.at !== other.at) return other.at - one.at;
  if (one.knotId !== other.knotId) return one.knotId < other.knotId ? -1 : 1;
  return one.line - other.line;
}

const cursorAfter = ({ at, line, knotId }: Place): string => `${at}:${line + 1}:${knotId}`;

function placeOf(cursor: string | undefined): Place | undefined {
  if (cursor === undefined) return undefined;
  const [, at, line, knotId] = CURSOR.exec(cursor)!;
  return { at: Number(at), line: Number(line), knotId: knotId! };
}

interface Conditions {
  readonly level?: (typeof LOG_LEVELS)[number] | undefined;
  readonly text?: string | undefined;
  readonly since?: number | undefined;
}

/** @param shown what the caller gets to see of a text: nobody may guess the rest by searching for it */
function wantedBy(
  { level, text: part, since = 0 }: Conditions,
  begin: Place | undefined,
  shown: (text: string) => string,
) {
  const levels: readonly string[] = level === undefined ? [] : LOG_LEVELS.slice(LOG_LEVELS.indexOf(level));
  const contained = part?.toLowerCase();
  return (line: Line): boolean => {
    if (line.at < since || (begin !== undefined && byPlace(begin, line) > 0)) return false;
    if (level !== undefined && !levels.includes(line.level ?? '')) return false;
    if (contained === undefined) return true;
    const said = [line.message, line.fields ?? ''].map((text) => shown(text)).join(' ');
    return said.toLowerCase().includes(contained);
  };
}

/**
 * A line without a time takes the time of the line before it. A body host on another machine may have another clock: no line lies
 * outside of the time in which its knot ran.
 */
function linesOf({ knot_id: knotId, attempt, started_at, finished_at }: LineageRecord, log: string): Line[] {
  // The clock may have gone back while the knot ran.
  const first = Math.min(started_at, finished_at);
  let at = first;
  const lines = logLines(log);
  return lines.map(({ time: said, ...line }, index) => {
    const read = said === undefined ? Number.NaN : Date.parse(said);
    if (Number.isFinite(read)) at = Math.max(first, Math.min(read, finished_at));
    return { at, ...line, knotId, attempt, line: lines.length - 1 - index };
  });
}

interface Records {
  readonly records: readonly LineageRecord[];
  readonly isLast: boolean;
}

/** Newest end first. */
async function* recordsOf(
  { backends: { runHistory }, plans }: Surroundings,
  run: RunRecord,
  knotId: string | undefined,
): AsyncGenerator<Records> {
  const { temporal_run_id: temporalRunId } = run;
  const query = { temporalRunId, ...(await conditionOf()), limit: RECORDS_AT_A_TIME };
  let cursor: string | undefined;
  do {
    const found = await runHistory.findLineage({ ...query, cursor });
    cursor = found.cursor;
    yield { records: found.items, isLast: cursor === undefined };
  } while (cursor !== undefined);

  async function conditionOf(): Promise<{ knotId?: string; map?: string }> {
    if (knotId === undefined) return {};
    const planned = (await plans.of(run)).knot(mapOfElement(knotId) ?? knotId);
    return planned.id === knotId && planned.policy.map ? { map: knotId } : { knotId };
  }
}
