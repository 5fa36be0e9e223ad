import { setTimeout as sleep } from 'node:timers/promises';
import { ScheduleAlreadyRunning, type ScheduleOptions as TemporalSchedule } from '@temporalio/client';
import { canonicalJson } from '../../values';
import { SelvageError } from '../../errors';
import { isSchedule, type ScheduleDeclaration, type TriggerDeclaration } from '../../triggers';
import { MEMO_KEY } from '../../workflows/messages';
import { currentActor, currentCommit } from '../provenance';
import { differences, type ScheduleChange } from './differences';
import { each } from './each';
import {
  SCHEDULE_MEMO_KEY,
  overlapPolicy,
  specOf,
  type DeployedBy,
  type ScheduleForm,
} from './schedule-form';
import { deployedForm, type ScheduleState } from './schedule-state';
import { startOf, type ScheduledStart, type StartSurroundings } from './scheduled-start';
import type { SchedulesOnServer } from './schedules-on-server';

const LOOK_AGAIN_MS = 20;
/** One of the server's schedulers silently ignores an update that came too late. */
const TAKEN_WITHIN_MS = 2_000;
const TRIES = 5;
/** The source of schedules whose deploy names none. */
const CODE = 'code';

export interface CompareOptions {
  /**
   * The owner of the schedules, such as the file that declares them. Default `code`; then schedules of this
   * source that are no longer declared are not reported.
   */
  readonly source?: string;
}

export interface DeployOptions extends CompareOptions {
  /** Deletes schedules of the same source that are no longer declared. Needs `source`. Default false. */
  readonly prune?: boolean;
  /** Changes nothing, and returns what would be done. Default false. */
  readonly dryRun?: boolean;
  /**
   * Changes schedules of another source, or made by other means, too. Default false: throws `ScheduleInUse`.
   */
  readonly takeOver?: boolean;
}

/**
 * A schedule on the server, compared with its declaration. `gone`: it has the same source, and is no longer
 * declared.
 */
export type ScheduleStanding = 'new' | 'same' | 'changed' | 'gone';

export interface ComparedSchedule {
  readonly id: string;
  readonly standing: ScheduleStanding;
  /** Empty unless it is `changed`. */
  readonly changes: readonly ScheduleChange[];
  /**
   * The other source that it belongs to on the server; null if it was made by other means than a deploy.
   * Absent if it belongs to this source.
   */
  readonly belongsTo?: string | null;
  /** Whether an operator has paused it. A deploy leaves it paused. */
  readonly paused: boolean;
}

/** The action that a deploy took for a schedule, or would take. */
export interface DeployedSchedule extends ComparedSchedule {
  readonly action: 'created' | 'updated' | 'kept' | 'deleted' | 'left';
}

/** Brings the schedules on the server to what is declared. */
export class Deployment {
  constructor(
    private readonly server: SchedulesOnServer,
    private readonly host: StartSurroundings & { readonly projectDir: string },
  ) {}

  /** See `Schedules.compare`. */
  async compare(
    declarations: readonly TriggerDeclaration[],
    { source }: CompareOptions,
  ): Promise<ComparedSchedule[]> {
    const compared = await this.look(declarations, source);
    return compared.map(({ told }) => told);
  }

  /** See `Schedules.deploy`. */
  async deploy(
    declarations: readonly TriggerDeclaration[],
    { source, prune = false, dryRun = false, takeOver = false }: DeployOptions,
  ): Promise<DeployedSchedule[]> {
    if (prune && source === undefined) {
      throw new SelvageError(
        'InvalidConfig',
        'To prune schedules, say the `source` that they belong to: a schedule of that source that is not among the given ones is deleted.',
        { details: { option: 'source', reason: 'MissingPart' } },
      );
    }
    const compared = await this.look(declarations, source);
    const others = compared.find(({ told }) => told.belongsTo !== undefined);
    if (others && !takeOver) throw inUse(others.told.id, others.told.belongsTo!);
    const deployed: DeployedBy = {
      source: source ?? CODE,
      actor: currentActor(),
      commit: await currentCommit(this.host.projectDir),
    };
    return await each(compared, async (one): Promise<DeployedSchedule> => {
      const { told, start } = one;
      if (!start) {
        if (prune && !dryRun) await this.deleteIfThere(told.id);
        return { ...told, action: prune ? 'deleted' : 'left' };
      }
      if (told.standing === 'same' && told.belongsTo === undefined) return { ...told, action: 'kept' };
      if (!dryRun) await this.apply(told.id, start, deployed);
      return { ...told, action: told.standing === 'new' ? 'created' : 'updated' };
    });
  }

  private async look(
    declarations: readonly TriggerDeclaration[],
    source: string | undefined,
  ): Promise<{ readonly told: ComparedSchedule; readonly start?: ScheduledStart }[]> {
    const declared = declarations.filter(isSchedule);
    requireDifferentIds(declared);
    const starts = await each(declared, (declaration) => startOf(declaration, this.host));
    const compared = await each(starts, async (start) => ({
      start,
      told: compareOne(start, await this.server.find(start.id), source ?? CODE),
    }));
    if (source === undefined) return compared;
    const ids = new Set(declared.map(({ id }) => id));
    // A schedule that cannot be read may be of any source: it is left alone.
    const rest = await this.server.ours((id) => !ids.has(id));
    const gone = rest.flatMap((state) =>
      'form' in state && state.deployed?.source === source
        ? { told: { id: state.id, standing: 'gone' as const, changes: [], paused: state.paused } }
        : [],
    );
    return [...compared, ...gone];
  }

  /** Creates or updates a schedule. Returns when the server shows it so. */
  private async apply(id: string, start: ScheduledStart, deployed: DeployedBy): Promise<void> {
    await start.save();
    for (let attempt = 1; attempt <= TRIES; attempt += 1) {
      const sent = optionsOf(id, start, deployed);
      const found = await this.server.find(id);
      try {
        if (!found) {
          await this.server.ask(id, () =>
            this.server.client.create({ ...sent, memo: { [MEMO_KEY]: { source: deployed.source } } }),
          );
        } else {
          const handle = this.server.client.getHandle(id);
          await this.server.ask(id, () => handle.update(({ state }) => ({ ...sent, state })));
        }
      } catch (error) {
        if (!wasOvertaken(error)) throw error;
        // The server may take a moment to let go of a schedule that was deleted.
        await sleep(LOOK_AGAIN_MS * attempt * attempt);
        continue;
      }
      if (await this.isThere(id, start.form, deployed)) return;
    }
    throw new SelvageError(
      'ServerUnreachable',
      `The server did not take the schedule "${id}" as it is declared: something else changes it again and again. Deploy it again; \`selvage schedules show\` tells what the server has.`,
      { details: { schedule: id, address: this.server.address } },
    );
  }

  private async isThere(id: string, form: ScheduleForm, deployed: DeployedBy): Promise<boolean> {
    const until = performance.now() + TAKEN_WITHIN_MS;
    for (;;) {
      const state = await this.server.find(id);
      if (state && isSame(state.form, form) && isSame(state.deployed, deployed)) return true;
      if (performance.now() > until) return false;
      await sleep(LOOK_AGAIN_MS);
    }
  }

  /** Another deploy may have pruned it meanwhile. */
  private async deleteIfThere(id: string): Promise<void> {
    try {
      await this.server.ask(id, () => this.server.client.getHandle(id).delete());
    } catch (error) {
      if (!SelvageError.is(error, 'UnknownSchedule')) throw error;
    }
  }
}

function isSame(one: unknown, other: unknown): boolean {
  return canonicalJson(one as never) === canonicalJson(other as never);
}

/** Whether something else came between the look at a schedule and its change. */
function wasOvertaken(error: unknown): boolean {
  if (error instanceof ScheduleAlreadyRunning || SelvageError.is(error, 'UnknownSchedule')) return true;
  return (
    error instanceof Error && /mismatched conflict token/i.test(`${error.message} ${String(error.cause)}`)
  );
}

function compareOne(
  start: ScheduledStart,
  found: ScheduleState | undefined,
  source: string,
): ComparedSchedule {
  const { id, form } = start;
  if (!found) return { id, standing: 'new', changes: [], paused: false };
  const changes = differences(form, found.form, deployedForm(found));
  const owner = found.deployed?.source ?? null;
  return {
    id,
    standing: changes.length === 0 ? 'same' : 'changed',
    changes,
    paused: found.paused,
    ...(owner !== source && { belongsTo: owner }),
  };
}

function optionsOf(id: string, { form, args, memo }: ScheduledStart, deployed: DeployedBy): TemporalSchedule {
  return {
    scheduleId: id,
    spec: specOf(form),
    action: {
      type: 'startWorkflow',
      workflowType: form.tapestry,
      taskQueue: form.taskQueue,
      ...(form.fairnessKey !== null && { priority: { fairnessKey: form.fairnessKey } }),
      workflowId: id,
      args: [...args],
      memo: { [MEMO_KEY]: memo, [SCHEDULE_MEMO_KEY]: { ...deployed, form } },
    },
    policies: { overlap: overlapPolicy(form.overlap), catchupWindow: form.catchupMs, pauseOnFailure: false },
  };
}

function requireDifferentIds(declared: readonly ScheduleDeclaration[]): void {
  const seen = new Set<string>();
  for (const { id } of declared) {
    if (seen.has(id)) {
      throw new SelvageError(
        'InvalidConfig',
        `Two schedules have the id "${id}". Give each its own: it is the name of the schedule on the server.`,
        { details: { schedule: id, option: 'id', reason: 'Contradiction' } },
      );
    }
    seen.add(id);
  }
}

function inUse(id: string, belongsTo: string | null): SelvageError {
  const owner =
    belongsTo === null
      ? 'was made by other means than a deploy'
      : `was deployed from ${JSON.stringify(belongsTo)}`;
  return new SelvageError(
    'ScheduleInUse',
    `The schedule "${id}" of this namespace ${owner}. Give yours another id, or take it over (--take-over, \`takeOver: true\`).`,
    { details: { schedule: id, belongsTo } },
  );
}
