import { SelvageError } from '../../errors';
import type { Backends, LineageQuery, LineageRecord, RunHistory } from '../../ports';
import { mapOfElement } from '../../authoring/element-id';
import type { PlanInput } from '../../plan';
import { readPlan } from '../../plan/read-plan';
import { readAll } from './read-all';
import { childRunOf } from './nested-runs';
import { resolveHash } from './resolve-hash';
import { isParameter, isTelling } from './telling-values';

/** How a value came about: the knot that made it, and its inputs. */
export interface ValueOrigin {
  readonly record: LineageRecord;
  /** The inputs by name; empty if `repeated` or `truncated` is true. */
  readonly inputs: readonly OriginInput[];
  /** Whether the same knot of the same run occurs earlier, with its inputs. */
  readonly repeated: boolean;
  /** Whether the knot has inputs, but the answer has reached its limit. */
  readonly truncated: boolean;
  /** For a parameter: the knot of an earlier run that made an equal value. */
  readonly earlierOrigin?: ValueOrigin;
  /** For a knot that ran another tapestry: the terminals of its last run, by name, which make up its value. */
  readonly terminals?: readonly OriginInput[];
}

export interface OriginInput {
  readonly name: string;
  /** Content hash of the input; null if the parent had no value. */
  readonly hash: string | null;
  /** The parent's id; absent for a constant. */
  readonly knotId?: string;
  /** The origin of the input; absent for a constant, and if the parent's record is missing. */
  readonly origin?: ValueOrigin;
  /** A constant of at most 100 characters, encoded as in the plan; absent for other inputs, and if the plan is gone. */
  readonly constant?: Constant;
}

export interface WhyOptions {
  /** The run that made the value; if omitted, the newest that made it itself, not by reuse or as a parameter. */
  readonly runId?: string;
  /** Maximum number of knots in the answer. Default 1,000. */
  readonly limit?: number;
}

const LIMIT = 1_000;
/** A constant as plans have it: encoded as JSON. */
type Constant = Extract<PlanInput, { readonly hash: string }>['constant'];

/** Longest constant that is shown, in characters of its JSON. */
const SMALL = 100;
/** If more knots than this have taken over or received a value, its maker may not be found. */
const CANDIDATES = 100_000;

/**
 * Walks upstream from a value: the knot that made it, its inputs, the knots that made those, and so on. The walk
 * continues into earlier runs that made a parameter's value.
 *
 * @param given the hash, or its beginning (see {@link resolveHash})
 * @throws SelvageError `UnknownValue`, `AmbiguousHash`, `BackendUnavailable`
 */
export async function why(backends: Asked, given: string, options: WhyOptions = {}): Promise<ValueOrigin> {
  const { runHistory } = backends;
  const { runId, limit = LIMIT } = options;
  const hash = await resolveHash(runHistory, given);
  const maker = await findMaker(runHistory, { outputHash: hash, ...(runId !== undefined && { runId }) });
  if (!maker) throw unknownValue(hash, runId);
  return await new Walk(backends, limit).originOf(maker);
}

type Asked = Pick<Backends, 'runHistory' | 'tapestryStore'>;

class Walk {
  private readonly runHistory: RunHistory;
  /** Records of runs, by Temporal run id, then by knot id. */
  private readonly records = new Map<string, Promise<ReadonlyMap<string, LineageRecord>>>();
  private readonly told = new Set<string>();
  /** Small constants of runs, by Temporal run id, then by hash. */
  private readonly constants = new Map<string, Promise<ReadonlyMap<string, Constant>>>();

  constructor(
    private readonly backends: Asked,
    private readonly limit: number,
  ) {
    this.runHistory = backends.runHistory;
  }

  async originOf(record: LineageRecord): Promise<ValueOrigin> {
    const key = `${record.temporal_run_id} ${record.knot_id}`;
    const repeated = this.told.has(key);
    const truncated = !repeated && this.told.size >= this.limit;
    if (repeated || truncated) return { record, inputs: [], repeated, truncated };
    this.told.add(key);
    const inputs: OriginInput[] = [];
    for (const [name, hash] of Object.entries(record.parent_input_hashes)) {
      const knotId = record.parent_knot_ids[name]!;
      const parent = await this.parentOf(record, knotId, hash);
      inputs.push({ name, hash, knotId, ...(parent && { origin: await this.originOf(parent) }) });
    }
    const constants = Object.entries(record.constant_input_hashes);
    const small = constants.length === 0 ? undefined : await this.constantsOf(record);
    for (const [name, hash] of constants) {
      const constant = small?.get(hash);
      inputs.push({ name, hash, ...(constant !== undefined && { constant }) });
    }
    const before = isParameter(record) && isTelling(record) ? await this.madeBefore(record) : undefined;
    const terminals = await this.terminalsOf(record);
    return {
      record,
      inputs,
      repeated,
      truncated,
      ...(before && { earlierOrigin: await this.originOf(before) }),
      ...(terminals && { terminals }),
    };
  }

  private recordsOf(run: string): Promise<ReadonlyMap<string, LineageRecord>> {
    let known = this.records.get(run);
    if (!known) this.records.set(run, (known = this.readRecords(run)));
    return known;
  }

  private async readRecords(run: string): Promise<ReadonlyMap<string, LineageRecord>> {
    const records = await this.runHistory.getRecords(run);
    return new Map(records.map((record) => [record.knot_id, record]));
  }

  private constantsOf({ temporal_run_id: run }: LineageRecord): Promise<ReadonlyMap<string, Constant>> {
    let known = this.constants.get(run);
    if (!known) this.constants.set(run, (known = smallConstants(this.backends, run)));
    return known;
  }

  private async terminalsOf(record: LineageRecord): Promise<OriginInput[] | undefined> {
    const run = childRunOf(record);
    const ended = run === undefined ? undefined : await this.runHistory.getRunByTemporalId(run);
    if (!ended) return undefined;
    const records = await this.recordsOf(run!);
    const terminals: OriginInput[] = [];
    for (const [name, knotId] of Object.entries(ended.terminals)) {
      const terminal = records.get(knotId);
      if (!terminal) continue;
      const { output_hash: hash } = terminal;
      terminals.push({ name, hash, knotId, origin: await this.originOf(terminal) });
    }
    return terminals;
  }

  /** The parent in the same run; if the parent ran again with another result, the knot that made the actual input. */
  private async parentOf(
    record: LineageRecord,
    knotId: string,
    hash: string | null,
  ): Promise<LineageRecord | undefined> {
    const parent = (await this.recordsOf(record.temporal_run_id)).get(knotId);
    // An element's input is a part of its parent's value.
    const isPart = mapOfElement(record.knot_id) !== undefined;
    if (!parent || parent.output_hash === hash || hash === null || isPart) return parent;
    return await findMaker(this.runHistory, { outputHash: hash, knotId });
  }

  private async madeBefore({
    output_hash: hash,
    finished_at: end,
    temporal_run_id: run,
  }: LineageRecord): Promise<LineageRecord | undefined> {
    // The maker may have ended up to and including the same millisecond.
    const query = { outputHash: hash!, until: end + 1 };
    const maker = await findMaker(this.runHistory, query, (record) => record.temporal_run_id !== run);
    return maker && !isParameter(maker) ? maker : undefined;
  }
}

async function smallConstants(
  { runHistory, tapestryStore }: Asked,
  temporalRunId: string,
): Promise<ReadonlyMap<string, Constant>> {
  const run = await runHistory.getRunByTemporalId(temporalRunId);
  const plan = run && (await tapestryStore.get(run.plan_hash));
  const constants = new Map<string, Constant>();
  for (const { inputs } of plan ? readPlan(plan.text).knots : []) {
    for (const input of Object.values(inputs))
      if ('hash' in input && JSON.stringify(input.constant).length <= SMALL)
        constants.set(input.hash, input.constant);
  }
  return constants;
}

/** The newest knot that made the value itself; if there is none, one that took it over or has it as a parameter. */
async function findMaker(
  runHistory: RunHistory,
  query: Pick<LineageQuery, 'outputHash' | 'runId' | 'knotId' | 'until'>,
  isWanted: (record: LineageRecord) => boolean = () => true,
): Promise<LineageRecord | undefined> {
  const isMaker = (record: LineageRecord): boolean =>
    isWanted(record) && !isParameter(record) && record.cached_from_run === null;
  const all = await readAll(runHistory, query, CANDIDATES, (page) => page.some(isMaker));
  const records = all.filter(isWanted);
  return records.find(isMaker) ?? records.find((record) => !isParameter(record)) ?? records[0];
}

export function unknownValue(hash: string, runId?: string): SelvageError {
  return new SelvageError(
    'UnknownValue',
    `No knot${runId === undefined ? '' : ` of run "${runId}"`} on record has the value ${hash}. Give a hash as records have it, or its beginning: ` +
      '`selvage lineage --run RUN` shows them.',
    { details: { hash, ...(runId !== undefined && { run: runId }) } },
  );
}
