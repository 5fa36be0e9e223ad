import { SelvageError } from '../errors';
import type { LineageQuery, LineageRecord, RunHistory } from '../protocols';
import { mapOfElement } from './map-of-element';
import { readAll } from './read-all';
import { RecordsOfRuns } from './records-of-runs';
import { childRunOf } from './nested-runs';
import { resolveHash } from './resolve-hash';
import { isParameter, isTelling } from './telling-values';

/** How a value came about: who made it, and of what. */
export interface Origin {
  readonly record: LineageRecord;
  /** By input name. Empty where `repeats` is true, or `isCut`. */
  readonly inputs: readonly OriginInput[];
  /** The same knot of the same run has been told before, with its inputs. */
  readonly repeats: boolean;
  /** It has inputs, and the answer is as long as it may be. */
  readonly isCut: boolean;
  /** Of a parameter: who made an equal value in an earlier run. */
  readonly madeBefore?: Origin;
  /** Of a knot that has run another tapestry: the terminals of the last run of it, by name, of which its value is made. */
  readonly terminals?: readonly OriginInput[];
}

export interface OriginInput {
  readonly name: string;
  /** Null: the parent had no value. */
  readonly hash: string | null;
  /** The parent's id; absent: a constant. */
  readonly knotId?: string;
  /** Absent of a constant, and where the parent's record is not there. */
  readonly origin?: Origin;
}

export interface WhyOptions {
  /** The run in which it was made. Default: the newest that made it, rather than took it over or as a parameter. */
  readonly runId?: string;
  /** Knots that are told at most. Default 1,000. */
  readonly limit?: number;
}

const LIMIT = 1_000;
/** A value that more knots than this have taken over or been given may have its maker behind them. */
const CANDIDATES = 100_000;

/**
 * Walks up from a value: the knot that made it, what went in, who made that, and so on; where a parameter has a value that an earlier
 * run made, on into that run.
 *
 * @param given the hash, or the beginning of it as {@link resolveHash} takes it
 * @throws SelvageError `UnknownValue`, `AmbiguousHash`, `BackendUnavailable`
 */
export async function why(runHistory: RunHistory, given: string, options: WhyOptions = {}): Promise<Origin> {
  const { runId, limit = LIMIT } = options;
  const hash = await resolveHash(runHistory, given);
  const maker = await findMaker(runHistory, { outputHash: hash, ...(runId !== undefined && { runId }) });
  if (!maker) throw unknownValue(hash, runId);
  return await new Walk(runHistory, limit).originOf(maker);
}

class Walk {
  private readonly records: RecordsOfRuns;
  private readonly told = new Set<string>();

  constructor(
    private readonly runHistory: RunHistory,
    private readonly limit: number,
  ) {
    this.records = new RecordsOfRuns(runHistory);
  }

  async originOf(record: LineageRecord): Promise<Origin> {
    const key = `${record.temporal_run_id} ${record.knot_id}`;
    const repeats = this.told.has(key);
    const isCut = !repeats && this.told.size >= this.limit;
    if (repeats || isCut) return { record, inputs: [], repeats, isCut };
    this.told.add(key);
    const inputs: OriginInput[] = [];
    for (const [name, hash] of Object.entries(record.parent_input_hashes)) {
      const knotId = record.parent_knot_ids[name]!;
      const parent = await this.parentOf(record, knotId, hash);
      inputs.push({ name, hash, knotId, ...(parent && { origin: await this.originOf(parent) }) });
    }
    for (const [name, hash] of Object.entries(record.constant_input_hashes)) inputs.push({ name, hash });
    const before = isParameter(record) && isTelling(record) ? await this.madeBefore(record) : undefined;
    const terminals = await this.terminalsOf(record);
    return {
      record,
      inputs,
      repeats,
      isCut,
      ...(before && { madeBefore: await this.originOf(before) }),
      ...(terminals && { terminals }),
    };
  }

  private async terminalsOf(record: LineageRecord): Promise<OriginInput[] | undefined> {
    const run = childRunOf(record);
    const ended = run === undefined ? undefined : await this.runHistory.getRunByTemporalId(run);
    if (!ended) return undefined;
    const records = await this.records.of(run!);
    const terminals: OriginInput[] = [];
    for (const [name, knotId] of Object.entries(ended.terminals)) {
      const terminal = records.get(knotId);
      if (!terminal) continue;
      const { output_hash: hash } = terminal;
      terminals.push({ name, hash, knotId, origin: await this.originOf(terminal) });
    }
    return terminals;
  }

  /** The parent in the same run; where that ran again with another result after this one was taken over, who made what went in. */
  private async parentOf(
    record: LineageRecord,
    knotId: string,
    hash: string | null,
  ): Promise<LineageRecord | undefined> {
    const parent = (await this.records.of(record.temporal_run_id)).get(knotId);
    // What an element got is a part of what its parent made.
    const isPart = mapOfElement(record.knot_id) !== undefined;
    if (!parent || parent.output_hash === hash || hash === null || isPart) return parent;
    return await findMaker(this.runHistory, { outputHash: hash, knotId });
  }

  private async madeBefore({
    output_hash: hash,
    finished_at: end,
    temporal_run_id: run,
  }: LineageRecord): Promise<LineageRecord | undefined> {
    // Up to and with the same millisecond.
    const query = { outputHash: hash!, until: end + 1 };
    const maker = await findMaker(this.runHistory, query, (record) => record.temporal_run_id !== run);
    return maker && !isParameter(maker) ? maker : undefined;
  }
}

/** The newest that made the value, rather than took it over or had it as a parameter; else one of those. */
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
