import type { RunResult } from '../../src';
import type { Backends, LineageRecord, RunRecord } from '../../src/ports';

/** Field by field, by the place where it stands: `run`, a knot's id, or those of a run that a knot has started. */
export type Canonical = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface CanonicalOptions {
  /** What the ids of all runs begin with, so that they are unique on a server. */
  readonly prefix?: string;
  /** Hashes of code, and what is made of them, are kept: no compiler has a part in them. */
  readonly hasFixedCode?: boolean;
  /** How many of a knot's attempts recorded as lost are kept: a busy server gives up some that were not. Default: all. */
  readonly lostToKeep?: (knotId: string) => number;
  /** Takes away of a record what is left to chance. */
  readonly trim?: (knotId: string, fields: Record<string, unknown>) => Record<string, unknown>;
}

const PAGE = 500;
const NO_PREFIX = '(no prefix)';
/** Random, or of this machine and moment; times are known by their names. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  ...['temporal_run_id', 'parent_temporal_run_id', 'task_queue', 'vcs_commit'],
  ...['traceback', 'traceback_hash', 'at', 'waits', 'signals', 'saved', 'actor', 'server'],
  ...['since', 'until', 'log', 'selvage', 'node', 'platform', 'host', 'pid', 'backends', 'sdk', 'versions'],
]);
const IS_TIME = /_(at|in)$/;
/** The constant of a knot that runs a tapestry. */
const RUN_TAPESTRY = 'selvage.tapestry';
/** Made of the text of bodies, as the compiler of the tests leaves it. */
const CODE: ReadonlySet<string> = new Set([
  'code_hash',
  'cache_key',
  'plan_hash',
  'plan',
  'extension',
  RUN_TAPESTRY,
]);
/** No text. */
const HASH_OF_NOTHING = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const HASH = /\bsha256:([0-9a-f]{10})[0-9a-f]{54}\b/g;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const ERROR_ID = /\berr_[0-9a-f]{24}\b/g;

/** What stands in the run history of each run and of the runs that its knots have started, without what differs from one time to the next. */
export async function canonicalOf(
  backends: Backends,
  runIds: readonly string[],
  optionsOf: (runId: string) => CanonicalOptions = () => ({}),
): Promise<Readonly<Record<string, Canonical>>> {
  const runs = await allRuns(backends);
  const found: Record<string, Canonical> = {};
  for (const runId of runIds) {
    const own = runs.filter(({ run_id: id }) => id === runId || id.startsWith(`${runId}/`));
    found[runId] = await canonicalRuns(backends, own, runId, optionsOf(runId));
  }
  return found;
}

async function canonicalRuns(
  backends: Backends,
  runs: readonly RunRecord[],
  runId: string,
  options: CanonicalOptions,
): Promise<Canonical> {
  const entries: [string, Record<string, unknown>][] = [];
  const labels = new Map<string, string>();
  for (const run of [...runs].sort((a, b) => (a.run_id < b.run_id ? -1 : 1))) {
    const prefix = run.run_id.slice(runId.length);
    const at = (place: string): string => (prefix ? `${prefix} ${place}` : place);
    const records = await backends.runHistory.getRecords(run.temporal_run_id);
    entries.push([at('run'), plain({ ...run, run_id: null }, labels, options)]);
    for (const record of records.sort((a, b) => (a.knot_id < b.knot_id ? -1 : 1))) {
      const kept = options.lostToKeep?.(record.knot_id) ?? Infinity;
      const fields = withLost(kept, await fieldsOf(backends, record, labels, options));
      entries.push([at(record.knot_id), options.trim?.(record.knot_id, fields) ?? fields]);
    }
  }
  return Object.fromEntries(entries);
}

async function allRuns({ runHistory }: Backends): Promise<RunRecord[]> {
  const runs: RunRecord[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await runHistory.listRuns({ limit: PAGE, ...(cursor !== undefined && { cursor }) });
    runs.push(...page.items);
    cursor = page.cursor;
    if (cursor === undefined) return runs;
  }
}

async function fieldsOf(
  backends: Backends,
  record: LineageRecord,
  labels: Map<string, string>,
  options: CanonicalOptions,
): Promise<Record<string, unknown>> {
  const ours = { ...record, run_id: null, knot_id: null };
  const fields = plain(ours, labels, options);
  const { output_hash: hash } = record;
  if (hash !== null && !(await backends.dataStore.has(hash))) fields['value'] = 'is missing';
  return fields;
}

type Fields = Record<string, unknown>;

/** As if so many attempts at most had been lost. */
function withLost(kept: number, fields: Fields): Fields {
  const { attempts, error, ...others } = (fields['extra'] ?? {}) as {
    attempts?: readonly { readonly attempt: number; readonly reason?: { readonly code: string } }[];
    error?: Fields;
  };
  const lost = attempts?.filter(({ reason }) => reason?.code === 'WorkerLost').slice(kept) ?? [];
  if (!attempts || lost.length === 0) return fields;
  const without = (attempt: unknown): number =>
    (attempt as number) - lost.filter((one) => one.attempt < (attempt as number)).length;
  const left = attempts
    .filter((one) => !lost.includes(one))
    .map((one) => ({ ...one, attempt: without(one.attempt) }));
  const extra = {
    ...(left.length > 0 && { attempts: left }),
    ...(error && { error: { ...error, attempt: without(error['attempt']) } }),
    ...others,
  };
  const { extra: _, ...rest } = fields;
  return {
    ...rest,
    attempt: without(fields['attempt']),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}

/** What a caller sees of the run. */
export function canonicalResult({ status, outcomes, values }: RunResult<object>): Record<string, unknown> {
  return {
    status,
    outcomes: Object.fromEntries(
      Object.entries(outcomes)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([id, outcome]) => [
          id,
          outcome.kind === 'ok'
            ? 'ok'
            : outcome.kind === 'err'
              ? `err ${outcome.error.type}`
              : `skipped ${outcome.reason}`,
        ]),
    ),
    values: Object.keys(values).sort().join(' '),
  };
}

function plain(
  record: object,
  labels: Map<string, string>,
  { hasFixedCode = false, prefix = NO_PREFIX }: CanonicalOptions,
): Record<string, unknown> {
  const label = (name: string, text: string): string => {
    if (text === HASH_OF_NOTHING) return 'of nothing';
    if (!labels.has(text)) labels.set(text, `${name} ${labels.size + 1}`);
    return labels.get(text)!;
  };
  const isOfCode = (name: string): boolean =>
    CODE.has(name) || (name === 'knot_config_hash' && JSON.stringify(record).includes(`"${RUN_TAPESTRY}"`));
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string')
      return value
        .replaceAll(HASH, '#$1')
        .replaceAll(prefix, '')
        .replaceAll(UUID, '<id>')
        .replaceAll(ERROR_ID, '<error>');
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(walk);
    const members = Object.entries(value)
      .filter(([name]) => !LEFT_OUT.has(name) && !IS_TIME.test(name))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]): [string, unknown] => {
        if (typeof member !== 'string') return [name, walk(member)];
        if (name === 'worker') return [name, 'a worker'];
        return [name, !hasFixedCode && isOfCode(name) ? label(name, member) : walk(member)];
      })
      .filter(([, member]) => !isEmpty(member));
    return Object.fromEntries(members);
  };
  return walk(record) as Record<string, unknown>;
}

/** Null says as much as nothing. */
function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
