import type { Progress, Selvage } from '../../client';
import { graphOfRun, LoadedPlan, stateOf } from '../../runtime';
import { parentsOf, type GraphKnot, type GraphState } from '../../authoring/run-graph';
import type { RunRecord } from '../../ports';
import { marksOf, usualOf, type UsualTimes } from '../../visualisation/marks';
import { formatDuration, formatError, formatTime, shorten } from '../output/format';
import type { Output } from '../output/output';
import { signalCommand } from '../output/typed-commands';
import { progressLine } from './progress';
import { treeOrder } from './tree-order';
import { usualBefore } from './usual-before';
import { watchLines, type WatchedKnot } from './watch-lines';

const FRAME_MS = 250;

/** Largest run with a line for each knot: of a larger one, only failures and waits are printed. */
const MOST_TOLD = 200;

const ASKED_AT_ONCE = 500;

/** Lines besides the knots: the counts, and room for the next output. */
const OTHER_ROWS = 3;

export class Watch {
  private knots: readonly GraphKnot[] = [];
  private tree: ReturnType<typeof treeOrder> = [];
  private run: RunRecord | undefined;
  private usual: UsualTimes | undefined;
  private readonly states = new Map<string, GraphState>();
  private readonly since = new Map<string, number>();
  private readonly announced = new Set<string>();
  private progress: Progress | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly selvage: Selvage,
    private readonly runId: string,
    private readonly output: Output,
    private readonly elsewhere: readonly string[],
  ) {
    if (output.isLive && !output.json) this.timer = setInterval(() => this.draw(), FRAME_MS).unref();
  }

  async see(progress: Progress): Promise<void> {
    this.progress = progress;
    const running = new Set(progress.running);
    const now = Date.now();
    for (const knot of running) if (!this.since.has(knot)) this.since.set(knot, now);
    await this.catchUp();
    this.tellWaits(progress);
    this.draw();
  }

  /** Prints the knots that have ended since the last call. */
  async catchUp(): Promise<void> {
    await this.readPlan();
    await this.readStates();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.output.endLive();
  }

  /** An extended run gets another plan. */
  private async readPlan(): Promise<void> {
    const { runHistory, tapestryStore } = this.selvage.backends;
    const run = await runHistory.getRun(this.runId);
    if (!run || run.plan_hash === this.run?.plan_hash) return;
    const stored = await tapestryStore.get(run.plan_hash);
    if (!stored) return;
    this.run = run;
    this.usual ??= await usualBefore(runHistory, run);
    this.knots = graphOfRun(LoadedPlan.parse(stored.text, run.plan_hash), []).knots;
    this.tree = treeOrder(this.knots.map(parentsOf));
  }

  private async readStates(): Promise<void> {
    if (!this.run) return;
    const byId = new Map(this.knots.map((knot) => [knot.id, knot]));
    const open = [...byId.keys()].filter((id) => !this.states.has(id));
    for (let first = 0; first < open.length; first += ASKED_AT_ONCE) {
      const ids = open.slice(first, first + ASKED_AT_ONCE);
      const records = await this.selvage.backends.runHistory.getRecords(this.run.temporal_run_id, ids);
      records.sort((one, other) => one.finished_at - other.finished_at);
      for (const record of records) {
        const state = stateOf(record, byId.get(record.knot_id)?.codeHash);
        this.states.set(record.knot_id, state);
        this.tellKnot(record.knot_id, state);
      }
    }
  }

  private tellKnot(knot: string, state: GraphState): void {
    const { output } = this;
    if (output.json) {
      output.documentLine({ type: 'knot', runId: this.runId, knotId: knot, ...state });
      return;
    }
    const { outcome, error } = state;
    if (this.timer) return;
    if (this.knots.length > MOST_TOLD && outcome !== 'err') return;
    const took = formatDuration(state.finishedAt - state.startedAt);
    const why = error ? `: ${formatError(error, 300)}` : '';
    const { word, notes } = marksOf({ state });
    const told = outcome === 'skipped' ? (state.skipReason ?? '') : `${[took, ...notes].join(', ')}${why}`;
    output.say(`${formatTime(state.finishedAt)} ${word} ${knot}  ${told}`);
  }

  /** Prints each wait once, in lines that can be copied. */
  private tellWaits({ waits }: Progress): void {
    const { output, runId, elsewhere } = this;
    for (const { knotId: knot, signal, until } of waits) {
      if (this.announced.has(knot)) continue;
      this.announced.add(knot);
      if (output.json) output.documentLine({ type: 'wait', runId, knotId: knot, signal, until });
      else if (signal !== undefined) {
        output.say(`${output.yellow('waits')} ${knot}: for the signal "${signal}". Send it with:`);
        output.say(`  ${signalCommand(runId, signal, elsewhere)}`);
      } else if (!this.timer)
        output.say(`waits ${knot}${until === undefined ? '' : `: until ${formatTime(until)}`}`);
    }
  }

  private draw(): void {
    if (!this.timer || !this.progress) return;
    const { output, progress } = this;
    const now = Date.now();
    const startedAt = this.run?.started_at ?? now;
    const size = { columns: output.columns, rows: Math.max(3, output.rows - OTHER_ROWS), startedAt, now };
    const counts = progressLine({ ...progress, running: [] }, now - startedAt);
    const lines = this.run ? watchLines(this.watched(progress), size, output) : [];
    output.liveLines([...lines, shorten(counts, Math.max(10, output.columns - 1))]);
  }

  private watched({ waits, running }: Progress): WatchedKnot[] {
    const waiting = new Map(waits.map((wait) => [wait.knotId, wait]));
    const runs = new Set(running);
    return this.tree.map(({ index, depth }) => {
      const { id } = this.knots[index]!;
      const state = this.states.get(id);
      const wait = waiting.get(id);
      const since = this.since.get(id);
      return {
        id,
        depth,
        state,
        waiting: wait
          ? { state: 'waiting', signal: wait.signal }
          : runs.has(id)
            ? { state: 'running', since }
            : undefined,
        waitsFor: wait && wait.signal === undefined ? waitText(wait) : undefined,
        usualMs: usualOf(this.usual, this.knots[index]!),
      };
    });
  }
}

function waitText({ until }: Progress['waits'][number]): string {
  return until === undefined ? 'for a time' : `until ${formatTime(until)}`;
}
