import { setTimeout as delay } from 'node:timers/promises';
import { knot, tapestry, type Knot } from 'selvage';
import type { Backends, LineageRecord, RunRecord } from '../../src/ports';
import { ServerReach } from './browsed';

const step = knot('step', (inputs: Record<string, number>) => Object.values(inputs).length);

/** Layers of 100, in groups of 500. */
export const layered = (count: number) =>
  tapestry('large', () => {
    const knots: Knot<number>[] = [];
    for (let index = 0; index < count; index++) {
      const parents = index < 100 ? [] : [index - 100, index - 100 + ((index * 7) % 50)];
      const inputs = [...new Set(parents)].map((of) => [`of${of}`, knots[of]!] as const);
      knots.push(step(Object.fromEntries(inputs), { id: `part-${Math.floor(index / 500)}.step-${index}` }));
    }
    return { last: knots.at(-1)! };
  });

export interface LiveRun {
  readonly record: RunRecord;
  /** What is still to be told of it. */
  readonly rest: LineageRecord[];
}

/** In the place of a server that knows of each knot why it has not ended. */
export class StandIn extends ServerReach {
  constructor(private readonly live: () => LiveRun | undefined) {
    super(() => Promise.reject(new Error('There is no server.')));
  }

  override async ask<Answer>(work: (selvage: never) => Promise<Answer>): Promise<Answer | undefined> {
    const live = this.live();
    const status = async (): Promise<unknown> => ({
      run: live?.record,
      waiting: {
        knots: live?.rest.map(({ knot_id }, index) => ({
          knotId: knot_id,
          state: index < 4 ? 'running' : 'blocked',
          reason: {
            code: index < 4 ? 'Running' : 'Parents',
            message: index < 4 ? 'Its body runs.' : 'It waits for 2 parents that have not ended.',
          },
        })),
      },
    });
    try {
      return await work({ getRun: () => ({ status }) } as never);
    } catch {
      // What it has not is what a server that is away does not say.
      return undefined;
    }
  }
}

/** The records of a run again, as those of one that is in its middle. */
export async function begin(backends: Backends, of: string, run_id: string): Promise<LiveRun> {
  const history = backends.runHistory;
  const known = (await history.getRun(of))!;
  const temporal_run_id = `${run_id}-temporal`;
  const record: RunRecord = {
    ...known,
    run_id,
    temporal_run_id,
    status: 'running',
    started_at: Date.now(),
    finished_at: null,
  };
  await history.startRun(record);
  const records: LineageRecord[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await history.findLineage({ runId: of, limit: 1_000, ...(cursor && { cursor }) });
    records.push(...page.items.map((item) => ({ ...item, run_id, temporal_run_id })));
    cursor = page.cursor;
    if (cursor === undefined) break;
  }
  const numberOf = ({ knot_id }: LineageRecord): number => Number(/\d+$/.exec(knot_id)![0]);
  records.sort((a, b) => numberOf(a) - numberOf(b));
  const half = records.length / 2;
  await history.commit(records.slice(0, half));
  return { record, rest: records.slice(half) };
}

/** Commits records at this rate, so that the page is told of them, until it is over. */
export async function tell(
  backends: Backends,
  rest: LineageRecord[],
  aSecond: number,
  isOver: () => boolean,
): Promise<void> {
  const since = performance.now();
  for (let told = 0; !isOver();) {
    const due = Math.floor(((performance.now() - since) * aSecond) / 1_000);
    const records = rest.splice(0, due - told).map((record) => ({ ...record, finished_at: Date.now() }));
    if (records.length > 0) await backends.runHistory.commit(records);
    told = due;
    await delay(5);
  }
}
