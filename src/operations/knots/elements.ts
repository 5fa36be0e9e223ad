import { z } from 'zod';
import { OUTCOME_KINDS } from '../../authoring/outcome';
import { SelvageError } from '../../errors';
import type { PlanKnot } from '../../plan';
import type { LineageRecord, RecordedOutcome, RunRecord } from '../../ports';
import { listInputs, stateOf, type LoadedPlan } from '../../runtime';
import { indexCursor, limit, name, page } from '../fields';
import { question } from '../operation';
import { graphState } from '../run-graph';
import { requireRun } from '../runs/require-run';
import type { ProjectData } from '../surroundings';

const AT_A_TIME = 1_000;
/** Largest map whose outcomes are all read for the strip; for larger ones only the failures. */
const MOST_READ = 20_000;
const CELLS = 200;
/** Maximum number of failures that are marked in the strip of a larger map. */
const MOST_FAILURES = 1_000;

const elementsOfMap = page(z.object({ id: z.string(), index: z.int(), state: graphState })).extend({
  total: z.int(),
  counts: z.object({ ok: z.int(), err: z.int(), skipped: z.int(), reused: z.int() }),
  /** At most 200 cells for ranges of elements: `o` ok, `h` reused, `e` any failed, `s` skipped, ` ` any missing. */
  strip: z.string(),
});
export type Elements = z.output<typeof elementsOfMap>;

export const elements = question({
  name: 'knots.elements',
  summary: 'list the elements of a map, by index',
  description:
    'Lists the elements of a map, by index. Elements of a plain object have names instead, in the order of its keys, and are listed as they finished.',
  group: 'see',
  isTool: true,
  at: ['runId', 'map'],
  ask: z.strictObject({
    runId: name.describe('id of the run'),
    map: name.describe('id of the map'),
    outcome: z.enum(OUTCOME_KINDS).optional().describe('only those with this outcome'),
    from: z
      .int()
      .min(0)
      .default(0)
      .describe('index of the first element to return, where there is no cursor'),
    limit: limit(5_000, 100),
    cursor: indexCursor,
  }),
  answer: elementsOfMap,
  examples: [{ runId: 'nightly-1', map: 'users', outcome: 'err' }],
  /** @throws SelvageError `UnknownRun`, `UnknownKnot`, `InvalidPlan`, `BackendUnavailable` */
  async run(of, { runId, map: mapId, outcome, from, limit: most, cursor: after }) {
    const run = await requireRun(of, runId);
    const plan = await of.plans.of(run);
    const map = plan.knot(mapId);
    if (!map.policy.map) {
      throw new SelvageError(
        'UnknownKnot',
        `Knot "${mapId}" of run "${runId}" is no map, so that it has no elements.`,
        { details: { run: runId, knot: mapId } },
      );
    }
    const reader = new ElementReader(of, run, plan, map);
    const count = await reader.count();
    const outcomes = count <= MOST_READ ? await reader.outcomes(0, count) : undefined;
    const wanted: number[] = [];
    let index = after === undefined ? from : Number(after);
    for (; index < count && wanted.length < most;) {
      const end = Math.min(count, index + AT_A_TIME);
      const some = outcomes ?? (outcome === undefined ? undefined : await reader.outcomes(index, end));
      for (; index < end && wanted.length < most; index++)
        if (outcome === undefined || some?.get(index)?.outcome === outcome) wanted.push(index);
    }
    const states = await reader.states(wanted);
    return {
      total: count,
      counts: await reader.counts(outcomes, count),
      strip: outcomes ? stripOf(outcomes, count) : await reader.roughStrip(count),
      items: wanted.flatMap((at) => {
        const record = states.get(at);
        return record ? [{ id: record.knot_id, index: at, state: stateOf(record, reader.codeHash) }] : [];
      }),
      ...(index < count && { cursor: String(index) }),
    };
  },
});

class ElementReader {
  constructor(
    private readonly data: ProjectData,
    private readonly run: RunRecord,
    private readonly plan: LoadedPlan,
    private readonly map: PlanKnot,
  ) {}

  get codeHash(): string | undefined {
    return this.plan.elementDefinitionOf(this.map).codeHash;
  }

  private id(index: number): string {
    return `${this.map.id}[${index}]`;
  }

  private async ofMap(): Promise<LineageRecord | undefined> {
    return (await this.history.getRecords(this.run.temporal_run_id, [this.map.id]))[0];
  }

  private get history(): ProjectData['backends']['runHistory'] {
    return this.data.backends.runHistory;
  }

  async count(): Promise<number> {
    const { elements: counted } = ((await this.ofMap())?.extra ?? {}) as { elements?: { count: number } };
    if (counted) return counted.count;
    const [[input]] = listInputs(this.map) as [readonly [string, string]];
    const from = this.map.inputs[input] as { readonly parent: number };
    const [list] = await this.history.getRecords(this.run.temporal_run_id, [
      this.plan.plan.knots[from.parent]!.id,
    ]);
    const { length } = (list?.extra ?? {}) as { length?: number };
    return length ?? (await this.history.countRecords(this.run.temporal_run_id, `${this.map.id}[`));
  }

  async outcomes(from: number, until: number): Promise<Map<number, RecordedOutcome>> {
    const found = new Map<number, RecordedOutcome>();
    for (let first = from; first < until; first += AT_A_TIME) {
      const ids = new Map<string, number>();
      for (let index = first; index < Math.min(until, first + AT_A_TIME); index++)
        ids.set(this.id(index), index);
      const records = await this.history.getOutcomes(this.run.temporal_run_id, [...ids.keys()]);
      for (const record of records) found.set(ids.get(record.knot_id)!, record);
    }
    return found;
  }

  async states(indexes: readonly number[]): Promise<Map<number, LineageRecord>> {
    const ids = new Map(indexes.map((index) => [this.id(index), index]));
    const records = await this.history.getRecords(this.run.temporal_run_id, [...ids.keys()]);
    return new Map(records.map((record) => [ids.get(record.knot_id)!, record]));
  }

  async counts(
    outcomes: ReadonlyMap<number, RecordedOutcome> | undefined,
    count: number,
  ): Promise<Elements['counts']> {
    const { elements: ended } = ((await this.ofMap())?.extra ?? {}) as {
      elements?: { failed: number; reused?: number };
    };
    const counts = { ok: 0, err: 0, skipped: 0 };
    if (outcomes) for (const { outcome } of outcomes.values()) counts[outcome] += 1;
    else if (ended) Object.assign(counts, { ok: count - ended.failed, err: ended.failed });
    else counts.ok = await this.history.countRecords(this.run.temporal_run_id, `${this.map.id}[`);
    return { ...counts, reused: ended?.reused ?? 0 };
  }

  /** Approximates the strip by the number of finished elements and the failures. */
  async roughStrip(count: number): Promise<string> {
    const done = await this.history.countRecords(this.run.temporal_run_id, `${this.map.id}[`);
    const { items } = await this.history.findLineage({
      temporalRunId: this.run.temporal_run_id,
      map: this.map.id,
      outcome: 'err',
      limit: MOST_FAILURES,
    });
    const cells = new Array<string>(CELLS).fill('o');
    // Elements from the beginning count as finished, since maps run window by window.
    cells.fill(' ', Math.floor((done / count) * CELLS));
    for (const { knot_id } of items) {
      const [, index] = /\[(\d+)\]$/.exec(knot_id) ?? [];
      if (index !== undefined) cells[Math.min(CELLS - 1, Math.floor((Number(index) / count) * CELLS))] = 'e';
    }
    return cells.join('');
  }
}

function stripOf(outcomes: ReadonlyMap<number, RecordedOutcome>, count: number): string {
  const cells = Math.min(CELLS, count);
  let strip = '';
  for (let cell = 0; cell < cells; cell++) {
    const from = Math.floor((cell * count) / cells);
    const until = Math.max(from + 1, Math.floor(((cell + 1) * count) / cells));
    strip += cellOf(outcomes, from, until);
  }
  return strip;
}

function cellOf(outcomes: ReadonlyMap<number, RecordedOutcome>, from: number, until: number): string {
  let isSkipped = false;
  let isOpen = false;
  let isReused = true;
  for (let index = from; index < until; index++) {
    const record = outcomes.get(index);
    if (!record) isOpen = true;
    else if (record.outcome === 'err') return 'e';
    else if (record.outcome === 'skipped') isSkipped = true;
    else if ((record.extra as { made_by?: unknown }).made_by === undefined) isReused = false;
  }
  if (isOpen) return ' ';
  return isSkipped ? 's' : isReused ? 'h' : 'o';
}
