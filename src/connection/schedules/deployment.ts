import { setTimeout as sleep } from 'node:timers/promises';
import { ScheduleAlreadyRunning, type ScheduleOptions as TemporalSchedule } from '@temporalio/client';
import { canonicalJson } from '../../values';
import { resultsInParallel } from '../../values/in-parallel';
import { SelvageError } from '../../errors';
import { isSchedule, type ScheduleDeclaration, type TriggerDeclaration } from '../../triggers';
import { MEMO_KEY } from '../../workflows/messages';
import { currentActor, currentCommit } from '../provenance';
import { differences, type ScheduleChange } from './differences';
import {
  SCHEDULE_MEMO_KEY,
  overlapPolicy,
  specOf,
  type DeploymentInfo,
  type ScheduleDefinition,
} from './schedule-form';
import { deployedForm, type ScheduleState } from './schedule-state';
import { startOf, type ScheduledStart, type StartSurroundings } from './scheduled-start';
import { AT_ONCE, type SchedulesOnServer } from './schedules-on-server';

const LOOK_AGAIN_MS = 20;
/** Time for an update to show: one of the server's schedulers silently ignores an update that came too late. */
const TAKEN_WITHIN_MS = 2_000;
const TRIES = 5;
/** The owner if a deploy names none. */
const CODE = 'code';

export interface CompareOptions {
  /** Owner of the schedules, such as a file; if omitted, `code`, and undeclared schedules are not reported. */
  readonly owner?: string;
}

export interface DeployOptions extends CompareOptions {
  /** Deletes schedules of the same owner that are no longer declared. Needs `owner`. Default false. */
  readonly prune?: boolean;
  /** Changes nothing, and returns what would be done. Default false. */
  readonly dryRun?: boolean;
  /** Whether to change schedules of other owners or origins, too; default: false, which throws `ScheduleInUse`. */
  readonly takeOver?: boolean;
}

/** `gone`: the schedule on the server has the same owner, but no declaration. */
export type ScheduleChangeKind = 'new' | 'same' | 'changed' | 'gone';

export interface ComparedSchedule {
  readonly id: string;
  readonly change: ScheduleChangeKind;
  /** Changes of a schedule; empty unless it is `changed`. */
  readonly changes: readonly ScheduleChange[];
  /** The other owner of the schedule; null if it was not deployed, absent if this deploy's owner has it. */
  readonly owner?: string | null;
  /** Whether an operator has paused the schedule, which a deploy leaves paused. */
  readonly paused: boolean;
}

/** A compared schedule with the action of a deploy, taken or planned. */
export interface DeployedSchedule extends ComparedSchedule {
  readonly action: 'created' | 'updated' | 'kept' | 'deleted' | 'left';
}

/** Changes the schedules on the server to the declared ones. */
export class Deployment {
  constructor(
    private readonly server: SchedulesOnServer,
    private readonly host: StartSurroundings & { readonly projectDir: string },
  ) {}

  async compare(
    declarations: readonly TriggerDeclaration[],
    { owner }: CompareOptions,
  ): Promise<ComparedSchedule[]> {
    const compared = await this.look(declarations, owner);
    return compared.map(({ told }) => told);
  }

  async deploy(
    declarations: readonly TriggerDeclaration[],
    { owner, prune = false, dryRun = false, takeOver = false }: DeployOptions,
  ): Promise<DeployedSchedule[]> {
    if (prune && owner === undefined) {
      throw new SelvageError(
        'InvalidConfig',
        'To prune schedules, say the `owner` that they belong to: a schedule of that owner that is not among the given ones is deleted.',
        { details: { option: 'owner', reason: 'MissingPart' } },
      );
    }
    const compared = await this.look(declarations, owner);
    const others = compared.find(({ told }) => told.owner !== undefined);
    if (others && !takeOver) throw inUse(others.told.id, others.told.owner!);
    const deployed: DeploymentInfo = {
      source: owner ?? CODE,
      actor: currentActor(),
      commit: await currentCommit(this.host.projectDir),
    };
    return await resultsInParallel(compared, AT_ONCE, async (one): Promise<DeployedSchedule> => {
      const { told, start } = one;
      if (!start) {
        if (prune && !dryRun) await this.deleteIfThere(told.id);
        return { ...told, action: prune ? 'deleted' : 'left' };
      }
      if (told.change === 'same' && told.owner === undefined) return { ...told, action: 'kept' };
      if (!dryRun) await this.apply(told.id, start, deployed);
      return { ...told, action: told.change === 'new' ? 'created' : 'updated' };
    });
  }

  private async look(
    declarations: readonly TriggerDeclaration[],
    owner: string | undefined,
  ): Promise<{ readonly told: ComparedSchedule; readonly start?: ScheduledStart }[]> {
    const declared = declarations.filter(isSchedule);
    requireDifferentIds(declared);
    const starts = await resultsInParallel(declared, AT_ONCE, (declaration) =>
      startOf(declaration, this.host),
    );
    const compared = await resultsInParallel(starts, AT_ONCE, async (start) => ({
      start,
      told: compareOne(start, await this.server.find(start.id), owner ?? CODE),
    }));
    if (owner === undefined) return compared;
    const ids = new Set(declared.map(({ id }) => id));
    // A schedule that cannot be read may have any owner, so it is not touched.
    const rest = await this.server.ours((id) => !ids.has(id));
    const gone = rest.flatMap((state) =>
      'form' in state && state.deployed?.source === owner
        ? { told: { id: state.id, change: 'gone' as const, changes: [], paused: state.paused } }
        : [],
    );
    return [...compared, ...gone];
  }

  /** Returns when the server shows the new schedule. */
  private async apply(id: string, start: ScheduledStart, deployed: DeploymentInfo): Promise<void> {
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
        // The server may release a deleted schedule a moment later.
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

  private async isThere(id: string, form: ScheduleDefinition, deployed: DeploymentInfo): Promise<boolean> {
    const until = performance.now() + TAKEN_WITHIN_MS;
    for (;;) {
      const state = await this.server.find(id);
      if (state && isSame(state.form, form) && isSame(state.deployed, deployed)) return true;
      if (performance.now() > until) return false;
      await sleep(LOOK_AGAIN_MS);
    }
  }

  /** Deletes a schedule, which another deploy may have pruned already. */
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

/** Whether another change came after the schedule was read. */
function wasOvertaken(error: unknown): boolean {
  if (error instanceof ScheduleAlreadyRunning || SelvageError.is(error, 'UnknownSchedule')) return true;
  return (
    error instanceof Error && /mismatched conflict token/i.test(`${error.message} ${String(error.cause)}`)
  );
}

function compareOne(
  start: ScheduledStart,
  found: ScheduleState | undefined,
  asked: string,
): ComparedSchedule {
  const { id, form } = start;
  if (!found) return { id, change: 'new', changes: [], paused: false };
  const changes = differences(form, found.form, deployedForm(found));
  const owner = found.deployed?.source ?? null;
  return {
    id,
    change: changes.length === 0 ? 'same' : 'changed',
    changes,
    paused: found.paused,
    ...(owner !== asked && { owner }),
  };
}

function optionsOf(
  id: string,
  { form, args, memo }: ScheduledStart,
  deployed: DeploymentInfo,
): TemporalSchedule {
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
        { details: { schedule: id, option: 'id', reason: 'Conflict' } },
      );
    }
    seen.add(id);
  }
}

function inUse(id: string, owner: string | null): SelvageError {
  const origin =
    owner === null ? 'was made by other means than a deploy' : `was deployed from ${JSON.stringify(owner)}`;
  return new SelvageError(
    'ScheduleInUse',
    `The schedule "${id}" of this namespace ${origin}. Give yours another id, or take it over (--take-over, \`takeOver: true\`).`,
    { details: { schedule: id, owner } },
  );
}
