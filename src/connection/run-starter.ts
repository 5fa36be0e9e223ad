import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdReusePolicy,
  type WorkflowHandle,
} from '@temporalio/client';
import type { Priority } from '@temporalio/common';
import { activeTraceparent, checkedTraceparent } from '../adapters/open-telemetry/body-traces';
import { identitiesOf, nodeSha256 } from '../backends';
import { encodeJson, hashJson, type Json } from '../values';
import {
  HOLD_BYTES,
  encodeLayout,
  layoutOf,
  requireLoadable,
  taskQueueOf,
  type Layout,
  type Plan,
} from '../plan';
import { STORED_TABLE } from '../values/stored-table';
import { SelvageError } from '../errors';
import { planOf, validateParameters, withNested, type LoadedPlan, type PlanOfTapestry } from '../runtime';
import { partitionOfRun, recordOf, type Tapestry, type TapestryRecord } from '../authoring';
import type { ValueDigest } from '../encryption/digests';
import { withSubject } from '../encryption/run-scope';
import { digestOf, digestsOf, encryptionOf, subjectOf } from '../encryption/seal-backends';
import { MEMO_KEY, type RunMemo } from '../workflows/messages';
import type { RunLimits } from '../workflows/run-limits';
import { resumedBackfill } from './backfills';
import type { Connected } from './connect';
import { unreachable } from './connection-errors';
import { describeIfThere } from './executions';
import { fitsServer, hasReferences, parametersToSend, textToSend } from './parameters-to-send';
import { currentActor, currentCommit } from './provenance';
import { readResumable } from './read-resumable';
import { settleRun } from './settle-runs';
import { claimResume } from './resumes';
import type { RunHandle } from './run-handle';
import { newRunId } from './new-run-id';
import { checkRunId } from './run-ids';
import type { KnownOfRun } from './run-on-server';
import { PlanFinder, requireSameWork, workOfRecord, type WorkOfRun } from './same-work';
import {
  deadlineOf,
  namedByKey,
  pastDeadline,
  requireRequest,
  type BeginOptions,
  type ResumeOptions,
  type StartOptions,
} from './start-options';
import { unlessLost } from './unless-lost';

/** A start with valid parameters that no other process knows of. */
export interface CheckedStart {
  readonly record: TapestryRecord;
  readonly plan: PlanOfTapestry;
  readonly parameters: object;
  /** The key of the run's partition, if the tapestry is partitioned. */
  readonly partition?: string;
  readonly raw: Json;
}

interface StarterHost extends Pick<Connected, 'client' | 'backends' | 'place' | 'projectDir'> {
  readonly taskQueue: string | undefined;
  readonly priority: Priority | undefined;
  readonly inlineLimit: number | undefined;
  readonly runLimits: Partial<RunLimits> | undefined;
  /** A signal that is aborted when the server is gone for good. */
  readonly serverLost: AbortSignal | undefined;
  handleOf<Values extends object>(
    runId: string,
    workflow: WorkflowHandle,
    known?: KnownOfRun,
  ): RunHandle<Values>;
}

interface StartedWork extends Pick<RunMemo, 'trigger' | 'terminals' | 'resume' | 'allowReferences'> {
  readonly parametersHash: (digest: ValueDigest) => string;
  readonly save?: () => Promise<void>;
  /** The plan and its nested plans, if the store may lack them; if omitted, the plan alone. */
  readonly ownPlans?: () => ReadonlyMap<string, Plan>;
}

/**
 * Starts the runs of a client.
 *
 * R1  A start that can be refused is refused before anything is stored or sent.
 * R2  Values of a subject are stored only after its key is.
 * R3  The plan is in the tapestry store before the server has the run.
 * R4  A run id belongs to one run: a start attaches to the run that has it, on record or on the server, or
 *     throws.
 */
export class RunStarter {
  private readonly savedPlans = new Set<string>();

  constructor(private readonly host: StarterHost) {}

  /**
   * Checks a start; stores and sends nothing. @throws SelvageError `InvalidParameters`, `UnknownTerminal`,
   * `NotEncodable`
   */
  async check(
    tapestry: Tapestry<any, any>,
    parameters: object,
    { terminals, subject }: Pick<StartOptions, 'terminals' | 'subject'> = {},
  ): Promise<CheckedStart> {
    const record = recordOf(tapestry);
    const plan = planOf(record, nodeSha256);
    const layout = startableLayout(plan, terminals);
    const partition = partitionOfRun(record, await validateParameters(record, parameters, layout.ids));
    // Tables are stored by the start.
    const raw = encodeJson(parameters, (table) => table[STORED_TABLE].hash);
    // Without a limit, nothing goes into the data store, so that the sent text can be checked now.
    if (this.host.inlineLimit === undefined && subject === undefined) textToSend(record.name, raw);
    return { record, plan, parameters, raw, partition };
  }

  /** Starts the run of a checked start. Errors as of `Selvage.start`. */
  async start<Values extends object>(
    { record, plan, parameters, raw, partition }: CheckedStart,
    options: StartOptions,
  ): Promise<RunHandle<Values>> {
    await this.requireSubject(options.subject);
    const sent = await this.toSend(parameters, options.subject);
    const text = textToSend(record.name, sent);
    const named = { ...namedByKey(record.name, options), ...(partition !== undefined && { partition }) };
    return await this.begin<Values>(plan.loaded, sent, named, {
      parametersHash: (digest) => hashJson(raw, digest.of),
      trigger: options.trigger ?? 'code',
      // References come from the caller's own `StoredBytes`, or from the inline limit.
      ...(hasReferences(text) && { allowReferences: true as const }),
      terminals: options.terminals,
      save: () => this.savePlans(record),
      ownPlans: () => plansOf(record),
    });
  }

  /** Starts a run of a plan; errors as of `Selvage.start`, except that the run's first step checks the parameters. */
  async startPlan(
    plan: LoadedPlan,
    parameters: Readonly<Record<string, unknown>>,
    options: StartOptions,
  ): Promise<RunHandle> {
    const raw = encodeJson(parameters);
    const sent = await this.toSend(parameters, options.subject);
    const text = textToSend(plan.plan.tapestry, sent);
    return await this.begin(plan, sent, options, {
      parametersHash: (digest) => hashJson(raw, digest.of),
      trigger: options.trigger ?? 'code',
      ...(hasReferences(text) && { allowReferences: true as const }),
    });
  }

  /** See `Selvage.resume`. */
  async resume<Values extends object>(runId: string, options: ResumeOptions): Promise<RunHandle<Values>> {
    const { backends, client } = this.host;
    const known = await backends.runHistory.getRun(runId);
    // Child runs of the earlier run must not work beside the resumed run.
    if (known?.status === 'running') await settleRun(backends, client.workflow, known);
    const resumed = await readResumable(backends, client.workflow, runId, options.from);
    const { run, plan, parameters, terminals } = resumed;
    const backfill = resumedBackfill(plan.plan.tapestry, parameters);
    const from = [...new Set(options.from ?? backfill?.from)].sort();
    const { parameters_hash: parametersHash } = run.details as { parameters_hash?: string };
    const hashOfRaw = ({ of }: ValueDigest): string => hashJson(encodeJson(parameters), of);
    const subject = subjectOf(run);
    await this.requireSubject(subject);
    // These parameters are for people to read: the run itself takes its parameters over from the records.
    const sent = await this.toSend(parameters, subject);
    const shown = fitsServer(sent) ? sent : {};
    const newId = checkRunId(options.runId ?? newRunId(plan.plan.tapestry));
    await claimResume(backends, client.workflow, run, {
      runId: newId,
      allowDuplicate: options.allowDuplicate,
    });
    return await this.begin<Values>(
      plan,
      shown,
      {
        tags: run.tags,
        ...backfill?.options,
        ...options,
        runId: newId,
        ...(subject !== undefined && { subject }),
        ...(run.partition !== null && { partition: run.partition }),
      },
      {
        parametersHash: parametersHash === undefined ? hashOfRaw : () => parametersHash,
        trigger: 'resume',
        terminals,
        resume: {
          runId: run.run_id,
          temporalRunId: run.temporal_run_id,
          ...(from.length > 0 && { from }),
        },
      },
    );
  }

  /** Saves the plans of a tapestry once per client: first those of its nested tapestries, then its own. */
  async savePlans(tapestry: TapestryRecord): Promise<void> {
    const { tapestryStore } = this.host.backends;
    for (const saved of [...withNested(tapestry)].reverse()) {
      const { hash, text } = planOf(saved, nodeSha256);
      if (this.savedPlans.has(hash)) continue;
      await tapestryStore.save({ hash, tapestry: saved.name, text, savedAt: Date.now() });
      this.savedPlans.add(hash);
    }
  }

  private toSend(parameters: object, subject: string | undefined): Promise<Json> {
    const { backends, inlineLimit } = this.host;
    return withSubject(subject, () =>
      parametersToSend(
        backends.dataStore,
        parameters as Readonly<Record<string, unknown>>,
        subject === undefined ? inlineLimit : 0,
        digestOf(backends).of,
      ),
    );
  }

  private async requireSubject(subject: string | undefined): Promise<void> {
    if (subject === undefined) return;
    const encryption = encryptionOf(this.host.backends);
    if (encryption) return void (await encryption.subjects.make(subject));
    throw new SelvageError(
      'KeyMissing',
      'A run with a subject needs keys to seal its values with, and this client has none: set SELVAGE_KEYS, or give `encryption`.',
    );
  }

  private async begin<Values extends object>(
    plan: LoadedPlan,
    raw: Json,
    options: BeginOptions,
    { save, ownPlans = () => new Map([[plan.hash, plan.plan]]), parametersHash, ...said }: StartedWork,
  ): Promise<RunHandle<Values>> {
    const { backends, client, inlineLimit, place, priority, projectDir, runLimits, serverLost } = this.host;
    const { tapestry } = plan.plan;
    const runId = checkRunId(options.runId ?? newRunId(tapestry));
    const ifExists = options.ifExists ?? 'refuse';
    const { subject } = options;
    const workBy = (digest: ValueDigest): RunMemo => ({
      plan: plan.hash,
      ...said,
      parametersHash: parametersHash(digest),
      ...(subject !== undefined && { subject, inlineLimit: 0 }),
    });
    const work = workBy(digestOf(backends));
    const plans = new PlanFinder(backends.tapestryStore, ownPlans);
    const existing = async (found: WorkOfRun): Promise<RunHandle<Values>> => {
      const wanted = workBy(this.digestOfWork(found));
      const changedCode = await requireSameWork(runId, found, wanted, { plans, ifExists });
      const handle = this.host.handleOf<Values>(runId, client.workflow.getHandle(runId), {
        existing: { changedCode },
      });
      await handle.records.requireHere();
      return handle;
    };
    if (options.runId && !options.isNew) {
      // The server forgets ended runs after a while; the run history does not.
      const known = await backends.runHistory.getRun(runId);
      if (known && known.status !== 'running') return await existing(workOfRecord(known, work, plan));
    }
    const deadline = deadlineOf(options.deadline);
    if (deadline !== undefined && deadline <= Date.now()) {
      // A caller who comes back to a run may give its deadline again.
      const found = options.runId && (await this.memoOf(runId));
      if (found) return await existing(found);
      throw pastDeadline(deadline);
    }
    const taskQueue = options.taskQueue ?? this.host.taskQueue ?? taskQueueOf(plan.plan);
    const memo: RunMemo = {
      inlineLimit,
      ...work,
      actor: (options.actor ?? currentActor()) || undefined,
      triggerKey: options.triggerKey,
      event: options.event,
      partition: options.partition,
      tags: options.tags,
      traceparent: activeTraceparent() ?? checkedTraceparent(options.traceparent),
      vcsCommit: (options.vcsCommit ?? (await currentCommit(projectDir))) || undefined,
      deadline,
      reuse: options.reuse === false ? false : undefined,
      backends: await identitiesOf(backends),
      limits: runLimits,
    };
    requireRequest({ ...memo, taskQueue });
    await save?.();
    try {
      const started = client.workflow.start(tapestry, {
        workflowId: runId,
        taskQueue,
        ...(priority && { priority }),
        args: [raw],
        memo: { [MEMO_KEY]: memo },
        workflowIdReusePolicy: options.runId
          ? WorkflowIdReusePolicy.REJECT_DUPLICATE
          : WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      });
      return this.host.handleOf<Values>(runId, await unlessLost(started, serverLost), { isNew: true });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw unreachable(error, place.address);
      return await existing((await this.memoOf(runId)) ?? {});
    }
  }

  async isThere(runId: string): Promise<boolean> {
    return (await this.memoOf(runId)) !== undefined;
  }

  /** The memo of a run; undefined if the server does not know the run. */
  private async memoOf(runId: string): Promise<RunMemo | undefined> {
    const { client, place } = this.host;
    const description = await describeIfThere(client.workflow, runId, { address: place.address });
    return description && (description.memo?.[MEMO_KEY] ?? {});
  }

  /** Hash with the existing run's key, so that both runs can be compared; else with this client's key. */
  private digestOfWork({ backends }: WorkOfRun): ValueDigest {
    const digests = digestsOf(this.host.backends);
    return (backends && digests.find(backends.digest)) ?? digests.current;
  }
}

function plansOf(tapestry: TapestryRecord): Map<string, Plan> {
  return new Map(
    [...withNested(tapestry)].map((record) => {
      const { hash, plan } = planOf(record, nodeSha256);
      return [hash, plan];
    }),
  );
}

/** A layout is shorter than its plan, so only a long plan can have one that is too long. */
function startableLayout({ text, loaded }: PlanOfTapestry, terminals: readonly string[] | undefined): Layout {
  const layout = terminals ? layoutOf(loaded.plan, terminals) : loaded.layout;
  if (text.length > HOLD_BYTES / 2) requireLoadable(layout, encodeLayout(layout));
  return layout;
}
