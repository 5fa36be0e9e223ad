import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, ScheduleHandle } from '@temporalio/client';
import { SelvageError } from '../../errors';
import type { Backends } from '../../ports';
import { resultsInParallel } from '../../values/in-parallel';
import type { Overlap, ScheduleDeclaration, SchedulePreview, TriggerDeclaration } from '../../triggers';
import { currentActor } from '../provenance';
import {
  Deployment,
  type CompareOptions,
  type ComparedSchedule,
  type DeployOptions,
  type DeployedSchedule,
} from './deployment';
import { preview, type PreviewOptions } from './preview';
import { overlapPolicy } from './schedule-form';
import type { ScheduleHistory, ScheduleState, UnreadableSchedule } from './schedule-state';
import type { StartSurroundings } from './scheduled-start';
import { AT_ONCE, SchedulesOnServer } from './schedules-on-server';

const LOOK_AGAIN_MS = 20;
const SEEN_WITHIN_MS = 10_000;
/** Time in which the server decides about a requested run. */
const DECIDED_WITHIN_MS = 30_000;
/** Attempts at a change that the server does not show. */
const TRIES = 5;
/** Policies that let a run wait for another to end. A run that terminates the other one starts at once. */
const MAY_WAIT: ReadonlySet<Overlap> = new Set(['buffer-one', 'buffer-all', 'cancel-other']);

/** Whether the run that waits cancels another one is not visible. */
const DROPPED =
  ' A run of it waits for another one to end. If it waits for one that is cancelled, the older scheduler of the server ' +
  'drops a run that is asked for meanwhile: ask again when the cancelled run is over.';

/** The outcome of a requested run. */
export interface TriggeredRun {
  /** `waits`: the run starts when another one ends. `skipped`: no run starts, as another one is not over. */
  readonly outcome: 'started' | 'waits' | 'skipped';
  /** The run's id; present if the run has started. */
  readonly runId?: string;
}

/** @internal */
interface SchedulesHost extends StartSurroundings {
  readonly client: Client;
  readonly backends: Pick<Backends, 'runHistory'>;
  readonly address: string;
  readonly projectDir: string;
}

/** Deploys, shows and controls the schedules on the server: `selvage.schedules`. */
export class Schedules {
  private readonly server: SchedulesOnServer;
  private readonly deployment: Deployment;

  /** @internal */
  constructor(private readonly host: SchedulesHost) {
    this.server = new SchedulesOnServer(host.client, host.address);
    this.deployment = new Deployment(this.server, host);
  }

  /**
   * Compares declared schedules with the server's, and finds undeclared ones of the same owner. Changes
   * nothing.
   *
   * @param declarations schedules; other triggers are ignored
   * @throws SelvageError `InvalidParameters`, `InvalidConfig`, `ServerUnreachable`
   */
  async compare(
    declarations: readonly TriggerDeclaration[],
    options: CompareOptions = {},
  ): Promise<ComparedSchedule[]> {
    return await this.deployment.compare(declarations, options);
  }

  /**
   * Makes the schedules on the server equal to the declared ones; idempotent. A schedule stays paused, and
   * keeps its notes and number of remaining runs. Times planned before the update, by either declaration,
   * start nothing. All declarations are checked before any schedule is changed. After a crash, call `deploy` again.
   *
   * @param declarations schedules; other triggers are ignored
   * @throws SelvageError `InvalidParameters`, `InvalidConfig`, `ScheduleInUse`, `ServerUnreachable`,
   * `BackendUnavailable`
   */
  async deploy(
    declarations: readonly TriggerDeclaration[],
    options: DeployOptions = {},
  ): Promise<DeployedSchedule[]> {
    return await this.deployment.deploy(declarations, options);
  }

  /**
   * Lists deployed schedules by id, also unreadable ones.
   *
   * @throws SelvageError `ServerUnreachable`, `BackendUnavailable` (the holder of the keys does not answer)
   */
  async list(): Promise<(ScheduleState | UnreadableSchedule)[]> {
    return await this.server.ours(() => true);
  }

  /**
   * Lists planned times without jitter, and effects of clock changes. Needs no server.
   *
   * @throws SelvageError `InvalidConfig`
   */
  preview(times: string | ScheduleDeclaration, options: PreviewOptions = {}): SchedulePreview {
    return preview(times, options);
  }

  /**
   * A schedule with its next times and its last runs.
   *
   * @throws SelvageError `UnknownSchedule`, `ServerUnreachable`, `BackendUnavailable`
   */
  async show(id: string): Promise<ScheduleHistory> {
    const state = await this.server.require(id);
    const { runHistory } = this.host.backends;
    const runs = await resultsInParallel(state.recent, AT_ONCE, async (run) => ({
      ...run,
      record: (await runHistory.getRun(run.runId)) ?? null,
    }));
    return { ...state, runs };
  }

  /**
   * Pauses a schedule: no planned time starts a run until it is resumed. Runs of the schedule that have started go on.
   *
   * @param note kept with the schedule; if omitted, the actor who paused the schedule
   * @throws SelvageError `UnknownSchedule`, `ServerUnreachable`, `ScheduleUnanswered`
   */
  async pause(id: string, note?: string): Promise<ScheduleState> {
    return await this.act(
      id,
      'pause',
      (handle) => handle.pause(note ?? `Paused by ${currentActor() ?? 'somebody'}`),
      ({ paused }) => paused,
    );
  }

  /**
   * Resumes a schedule: planned times start runs again. Times that passed during the pause start no run.
   *
   * @param note kept with the schedule; if omitted, the actor who resumed the schedule
   * @throws SelvageError `UnknownSchedule`, `ServerUnreachable`, `ScheduleUnanswered`
   */
  async resume(id: string, note?: string): Promise<ScheduleState> {
    return await this.act(
      id,
      'go on',
      (handle) => handle.unpause(note ?? `Resumed by ${currentActor() ?? 'somebody'}`),
      ({ paused }) => !paused,
    );
  }

  /**
   * Starts a run of the schedule now, even if it is paused. The run's planned time is the current second. The server
   * starts at most one run a second, so a second call waits for the next. `overlap`: default `allow-all`, whatever
   * other runs of the schedule there are.
   *
   * @throws SelvageError `UnknownSchedule`, `ServerUnreachable`; `ScheduleUnanswered` if the outcome is not
   * known: the run may still start
   */
  async trigger(
    id: string,
    { overlap = 'allow-all' }: { readonly overlap?: Overlap } = {},
  ): Promise<TriggeredRun> {
    let before = await this.server.require(id);
    while (startedThisSecond(before)) {
      await sleep(LOOK_AGAIN_MS);
      before = await this.server.require(id);
    }
    await this.server.ask(id, () => this.server.client.getHandle(id).trigger(overlapPolicy(overlap)));
    const asked = thisSecond();
    const known = new Set(before.recent.map(({ runId }) => runId));
    const mayWait = MAY_WAIT.has(overlap);
    const until = performance.now() + DECIDED_WITHIN_MS;
    for (;;) {
      const { recent, counts, running } = await this.server.require(id);
      const run = recent.find(({ runId }) => !known.has(runId));
      if (run) return { outcome: 'started', runId: run.runId };
      if (counts.skipped > before.counts.skipped) return { outcome: 'skipped' };
      // A run that is about to start also counts as waiting, but waits for no other run.
      if (mayWait && counts.waiting > before.counts.waiting && running.length > 0) break;
      if (performance.now() > until) {
        const maybeDropped = overlap === 'allow-all' && counts.waiting > 0;
        throw unanswered(id, 'start a run', DECIDED_WITHIN_MS, maybeDropped ? DROPPED : '');
      }
      await sleep(LOOK_AGAIN_MS);
    }
    // The planned second of a waiting run is not visible, and another call in that second would take the run's name.
    while (thisSecond() === asked) await sleep(LOOK_AGAIN_MS);
    return { outcome: 'waits' };
  }

  /**
   * Deletes a schedule; runs that it has started go on.
   *
   * @throws SelvageError `UnknownSchedule`, `ServerUnreachable`
   */
  async delete(id: string): Promise<void> {
    await this.server.ask(id, () => this.server.client.getHandle(id).delete());
  }

  /** Repeats the change, as one of the server's schedulers silently loses one of two simultaneous ones. */
  private async act(
    id: string,
    what: string,
    change: (handle: ScheduleHandle) => Promise<void>,
    isDone: (state: ScheduleState) => boolean,
  ): Promise<ScheduleState> {
    for (let attempt = 1; ; attempt += 1) {
      await this.server.ask(id, () => change(this.server.client.getHandle(id)));
      const until = performance.now() + SEEN_WITHIN_MS / TRIES;
      let state: ScheduleState;
      do {
        state = await this.server.require(id);
        if (isDone(state)) return state;
        await sleep(LOOK_AGAIN_MS);
      } while (performance.now() < until);
      if (attempt === TRIES) throw unanswered(id, what, SEEN_WITHIN_MS);
    }
  }
}

function unanswered(id: string, what: string, afterMs: number, why = ''): SelvageError {
  return new SelvageError(
    'ScheduleUnanswered',
    `Schedule "${id}" was asked to ${what}, and the server has not shown within ${afterMs / 1_000} s what became of it. ` +
      `It may still happen: look with \`selvage schedules show ${id}\` before you ask again.${why}`,
    { details: { schedule: id } },
  );
}

function startedThisSecond({ recent }: ScheduleState): boolean {
  return recent.some(({ plannedAt }) => Math.floor(plannedAt / 1000) === thisSecond());
}

function thisSecond(): number {
  return Math.floor(Date.now() / 1000);
}
