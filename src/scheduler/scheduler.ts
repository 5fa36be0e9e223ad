import { ERR, KnotTable, OK, RUNNING, SKIPPED, STATES, WAITING, type Settled } from './knot-table';
import type { Layout } from '../plan/layout';
import { RUNNING_KNOTS } from '../plan/limits';
import { ReadyKnots } from './ready-knots';
import { load, save, type SavedScheduler, type SchedulerState } from './saved-scheduler';
import type {
  Command,
  Extension,
  KnotOutcome,
  OutcomeKind,
  SchedulerCounts,
  SchedulerEvent,
  SchedulerOptions,
  SegmentSettled,
  SkipReason,
  StartOfRun,
} from './protocol';
import { SegmentTable } from './segment-table';

/*
 * The scheduler of one run: a reducer from events to commands, without clock, promises and Temporal. A host carries
 * out the commands and reports the results. Columns are in `knot-table`, segments in `segment-table`, queues and
 * window in `ready-knots`, saves in `saved-scheduler`.
 *
 * S1  A knot is decided (run, skipped or failed) only when all its parents are settled, even if one has already failed.
 *     So outcomes may come in any order. A knot runs if all its parents are Ok; else its error policy decides. A failed
 *     optional parent counts as skipped. The scheduler that runs a segment decides its members by the same rules. The
 *     members are settled here in layout order, and a member without an outcome is decided here. Outcomes taken over
 *     from another run are Ok from the start, whatever their parents.
 * S2  Every knot is settled exactly once, only by `settle`. Events that would settle a knot twice are refused before
 *     any change. Only knots that a segment hands back go from `running` to `waiting`.
 * S3  A knot is in one of the three ready queues exactly if it is waiting, its settled parents let it run, and the run
 *     is started and not cancelled. A cancel empties the queues, so it leaves nothing to dispatch.
 * S4  At most `window` activities are in flight; a segment is one, a waiting knot none. Only `ReadyKnots` starts and
 *     counts activities. (A restore dispatches again everything that was running, whatever the window.)
 * S5  Commands depend only on the layout and past events, and ready knots are dispatched in layout order. A replay of
 *     the events therefore gives the same commands.
 * S6  `finish` comes when the last knot is settled: once, except for S12. No knot is running at `finish`.
 * S7  A value is held exactly while it may be needed: by an unsettled child of its knot, or as a terminal.
 * S8  The layout, the outcomes and the running knots determine all but the saved fields; `restore` derives it.
 * S9  An edge is visited when its parent settles, when its child does, and with each segment of its parent. A run is
 *     therefore linear in knots and edges, but for the queues' logarithm and handed-back knots. Nothing recurses, so a
 *     chain may have any length.
 * S10 Each parent of a segment's member is Ok or a member. One event settles a segment; until then its members run.
 * S11 A path of a branch never runs, and is settled with its branch: Ok with its input's value if its tag was chosen,
 *     else skipped. No path of a branch with an outcome therefore waits.
 * S12 An extension adds knots after the existing ones, and decides no knot again. New knots follow the same rules,
 *     at once if their parents are settled. A finished run continues, and finishes again.
 */

const SKIP_REASONS: readonly SkipReason[] = ['parent_failed_or_skipped', 'branch_not_selected', 'cancelled'];

/**
 * Schedules one run of a layout. Values of type `V` are only stored. An impossible event, such as settling a knot
 * twice, is a defect of the host: it throws a plain `Error` and changes nothing.
 */
export class Scheduler<V> {
  private readonly state: SchedulerState<V>;
  private readonly table: KnotTable<V>;
  private readonly segments: SegmentTable<V>;
  private readonly ready: ReadyKnots<V>;
  /** Knots that parents decided during the current event. */
  private readonly decidedByParents = new Set<number>();
  private held = false;
  private finished = false;

  constructor(layout: Layout, options: SchedulerOptions = {}) {
    const { window = RUNNING_KNOTS } = options;
    if (!Number.isInteger(window) || window < 1)
      throw new Error(`The window must be a positive integer, not ${window}.`);
    this.table = new KnotTable(layout);
    this.segments = new SegmentTable(this.table, options);
    this.ready = new ReadyKnots(this.table, this.segments, window);
    const { table, segments } = this;
    this.state = { table, segments, started: false, cancelled: false, hasTakenOver: false };
  }

  /** Commands come in the order `pass`, `skip` (one per reason), `fail`, `segment` (any number), `run`, `finish`. */
  apply(event: SchedulerEvent<V>): Command[] {
    switch (event.type) {
      case 'start':
        return this.commands(this.start(event));
      case 'settled':
        return this.commands(this.settleRunning(event.knot, event.outcome));
      case 'segmentSettled':
        return this.commands(this.settleSegment(event));
      case 'cancel':
        return this.commands(this.cancel());
      case 'hold':
        this.held = true;
        return [];
      case 'release':
        this.held = false;
        return this.commands([]);
      case 'extend':
        return this.commands(this.extend(event));
    }
  }

  /** The value is kept while a child of the Ok knot is unsettled, and for terminals always; else undefined. */
  value(knot: number): V | undefined {
    return this.table.value(knot);
  }

  /** The outcome's kind; undefined until the knot is settled. */
  outcomeKind(knot: number): OutcomeKind | undefined {
    return this.table.outcomeKind(knot);
  }

  /** Dispatched and unsettled knots. */
  get running(): number {
    return this.table.running;
  }

  /** Activities of dispatched, unsettled knots: a segment is one, a waiting knot none. */
  get inFlight(): number {
    return this.ready.inFlight;
  }

  /** Whether a running local knot that runs individually may have been in a segment before. */
  isAlone(knot: number): boolean {
    return this.segments.isAlone(knot);
  }

  get counts(): SchedulerCounts {
    return this.table.counts;
  }

  /** The knot's parents that are not Ok. A failed optional parent counts as skipped. */
  skipDetail(knot: number): { anyErr: boolean; anySkipped: boolean } {
    return this.table.skipDetail(knot);
  }

  /** The state at any time between two events. A `hold` is not saved. */
  save(): SavedScheduler<V> {
    return save(this.state);
  }

  /**
   * Continues from a save. The returned commands dispatch everything that was running, and more within the window. A
   * finished run gets its `finish` again. Throws a plain `Error` for a save of another layout.
   */
  static restore<V>(
    layout: Layout,
    saved: SavedScheduler<V>,
    options: SchedulerOptions = {},
  ): { scheduler: Scheduler<V>; commands: Command[] } {
    const scheduler = new Scheduler<V>(layout, options);
    const segments = load(scheduler.state, saved);
    // A knot that is to run again cannot if its parent has meanwhile failed.
    const decided = saved.started ? scheduler.decide(scheduler.table.decidable()) : [];
    return { scheduler, commands: scheduler.commands(decided, saved.running, segments) };
  }

  private start({ parameters, takenOver = new Map<number, V>() }: StartOfRun<V>): number[] {
    const { parameterCount } = this.table.layout;
    if (this.state.started) throw new Error('The run has already been started.');
    if (parameters.length !== parameterCount) {
      throw new Error(`${parameterCount} parameters are needed and ${parameters.length} were given.`);
    }
    for (const knot of takenOver.keys()) {
      if (knot < parameterCount || !(knot in this.table.states))
        throw new Error(`Knot ${knot} cannot be taken over: it is a parameter or not in the layout.`);
    }
    this.state.started = true;
    this.state.hasTakenOver = takenOver.size > 0;
    this.table.takeOver([...parameters.entries(), ...takenOver]);
    return this.state.cancelled ? this.skipWaiting() : this.decide(this.table.decidable());
  }

  private extend({ layout, recall }: Extension<V>): number[] {
    const { size } = layout;
    const first = this.table.layout.size;
    this.table.extend(layout, recall);
    this.segments.extend(layout);
    if (size > first) this.finished = false;
    if (!this.state.started) return [];
    const newcomers = Array.from({ length: size - first }, (_, place) => first + place);
    return this.decide(newcomers.filter((knot) => this.isDecidable(knot)));
  }

  private settleRunning(knot: number, outcome: KnotOutcome<V>): number[] {
    const { table } = this;
    const isMember = this.segments.isMember(knot);
    if (table.states[knot] !== RUNNING || isMember) {
      const unsettled = knot in table.states ? 'waiting' : 'not in the layout';
      const state = table.outcomeKind(knot) ?? (isMember ? 'in a segment' : unsettled);
      throw new Error(
        `Knot ${knot} (${table.layout.ids[knot]}) cannot be settled: it is not running but ${state}.`,
      );
    }
    const state = STATES[outcome.kind] as Settled | undefined;
    if (state === undefined) throw new Error(`Knot ${knot} cannot be settled as '${outcome.kind}'.`);
    if (outcome.kind === 'ok') table.keep(knot, outcome);
    return this.settle(knot, state);
  }

  private settleSegment(event: SegmentSettled<V>): number[] {
    const members = this.segments.end(event);
    const decided: number[] = [];
    const handedBack: number[] = [];
    for (const knot of members) {
      const outcome = event.outcomes.get(knot);
      if (outcome === undefined) {
        handedBack.push(knot);
      } else {
        if (outcome.kind === 'ok') this.table.keep(knot, outcome);
        decided.push(...this.settle(knot, STATES[outcome.kind]));
      }
    }
    this.segments.setAlone(event.alone);
    for (const knot of handedBack) this.table.move(knot, WAITING);
    return [...decided, ...this.decide(handedBack.filter((knot) => this.isDecidable(knot)))];
  }

  private cancel(): number[] {
    if (this.state.cancelled) return [];
    this.state.cancelled = true;
    return this.state.started ? this.skipWaiting() : [];
  }

  private skipWaiting(): number[] {
    this.ready.clear();
    const skipped: number[] = [];
    for (let knot = 0; knot < this.table.layout.size; knot++) {
      if (this.table.states[knot] !== WAITING) continue;
      this.settle(knot, SKIPPED);
      skipped.push(knot);
    }
    return skipped;
  }

  /** Whether the knot can be decided, by its parents or a cancel. */
  private isDecidable(knot: number): boolean {
    return this.state.cancelled || this.table.unsettledParents[knot] === 0;
  }

  /** Makes decidable knots ready, or settles them. Returns the settled knots, descendants included. */
  private decide(knots: readonly number[]): number[] {
    const { table } = this;
    const { cancelled } = this.state;
    const decided: number[] = [];
    // Knots that settled knots make decidable are decided together with them.
    const byCancel = new Set<number>();
    for (const knot of knots) {
      // Knots are decided also after a cancel: the segment that hands the knot back may have told others its outcome.
      const isDecidable = table.unsettledParents[knot] === 0 && !table.hasParentIn(byCancel, knot);
      const own = isDecidable ? table.fate(knot) : undefined;
      const fate = own ?? (cancelled ? SKIPPED : undefined);
      if (own !== undefined) this.decidedByParents.add(knot);
      else if (cancelled) byCancel.add(knot);
      if (fate === undefined) this.ready.add(knot);
      else decided.push(knot, ...this.settle(knot, fate));
    }
    return decided;
  }

  /** Settles a knot and its consequences; returns the consequences. */
  private settle(first: number, state: Settled): number[] {
    const { table } = this;
    const { states, marks, unsettledParents } = table;
    const { childStart, children } = table.layout;
    const { cancelled } = this.state;
    table.move(first, state);
    const settled = [first];
    for (let next = 0; next < settled.length; next++) {
      const knot = settled[next]!;
      table.leaveParents(knot);
      const mark = table.markOf(knot);
      for (let edge = childStart[knot]!; edge < childStart[knot + 1]!; edge++) {
        const child = children[edge]!;
        marks[child]! |= mark;
        unsettledParents[child]! -= 1;
        if (unsettledParents[child] !== 0 || states[child] !== WAITING || cancelled) continue;
        const fate = table.fate(child);
        if (fate === undefined) {
          this.ready.add(child);
        } else {
          table.move(child, fate);
          if (fate === OK) table.passValue(child);
          settled.push(child);
        }
      }
    }
    return settled.slice(1);
  }

  /** Commands for knots settled without running (`decided`), knots that run again, and new dispatches. */
  private commands(
    decided: number[],
    runAgain: readonly number[] = [],
    segmentsAgain: readonly number[][] = [],
  ): Command[] {
    const commands: Command[] = decided.length > 0 ? this.commandsOn(decided) : [];
    this.decidedByParents.clear();
    for (const knots of segmentsAgain) commands.push({ type: 'segment', knots });
    if (!this.held)
      for (const knots of this.ready.dispatchSegments()) commands.push({ type: 'segment', knots });
    const ready = this.held ? [] : this.ready.dispatch();
    const knots = runAgain.length > 0 ? [...runAgain, ...ready] : ready;
    if (knots.length > 0) commands.push({ type: 'run', knots });
    if (this.state.started && this.table.isOver && !this.finished) {
      this.finished = true;
      commands.push({ type: 'finish' });
    }
    return commands;
  }

  private commandsOn(decided: number[]): Command[] {
    const { states } = this.table;
    const commands: Command[] = [];
    decided.sort((a, b) => a - b);
    const passed = decided.filter((knot) => states[knot] === OK);
    if (passed.length > 0) commands.push({ type: 'pass', knots: passed });
    const skipped = decided.filter((knot) => states[knot] === SKIPPED);
    for (const reason of SKIP_REASONS) {
      const knots = skipped.filter((knot) => this.skipReason(knot) === reason);
      if (knots.length > 0) commands.push({ type: 'skip', knots, reason });
    }
    const failed = decided.filter((knot) => states[knot] === ERR);
    if (failed.length > 0) commands.push({ type: 'fail', knots: failed });
    return commands;
  }

  /** After a cancel, parents decide only handed-back knots; all other knots are already skipped. */
  private skipReason(knot: number): SkipReason {
    if (this.state.cancelled && !this.decidedByParents.has(knot)) return 'cancelled';
    return this.table.isSelectable(knot) ? 'branch_not_selected' : 'parent_failed_or_skipped';
  }
}
