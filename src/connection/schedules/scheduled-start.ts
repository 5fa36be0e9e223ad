import type { Priority } from '@temporalio/common';
import { encodeJson, type Json } from '../../values';
import { nodeSha256 } from '../../backends';
import { taskQueueOf } from '../../plan';
import { SelvageError } from '../../errors';
import { planOf, validateParameters, withPlannedTime } from '../../runtime';
import { BACKFILL, type BackfillInput } from '../../backfills';
import { recordOf, type TapestryRecord } from '../../authoring';
import { triggerName, type ScheduleDeclaration } from '../../triggers';
import type { RunMemo } from '../../workflows/messages';
import { formOfDeclaration, type ScheduleDefinition } from './schedule-form';

export interface ScheduledStart {
  readonly id: string;
  readonly form: ScheduleDefinition;
  readonly args: readonly Json[];
  readonly memo: RunMemo;
  /** Saves the plan for workers, if the runs use the deploy's plan. */
  save(): Promise<void>;
}

/** @internal */
export interface StartSurroundings {
  readonly taskQueue: string | undefined;
  readonly priority: Priority | undefined;
  readonly inlineLimit: number | undefined;
  savePlans(tapestry: TapestryRecord): Promise<void>;
}

/** Largest parameter: each run of the schedule has its parameters twice in its history. */
const PARAMETER_BYTES = 256 * 1024;
/** Largest parameters together: the server has them twice in a schedule, in one message of at most 2 MiB. */
const ALL_PARAMETERS_BYTES = 512 * 1024;
const SAMPLE_TIME = '2026-01-01T00:00:00.000Z';

/** @throws SelvageError `InvalidParameters`, `InvalidConfig`, and as compiling does */
export async function startOf(
  declaration: ScheduleDeclaration,
  { taskQueue, priority, inlineLimit, savePlans }: StartSurroundings,
): Promise<ScheduledStart> {
  const { id, options } = declaration;
  const record = recordOf(declaration.tapestry!);
  const { hash, plan } = planOf(record, nodeSha256);
  await checkParameters(declaration, record);
  const queue = options.taskQueue ?? taskQueue ?? taskQueueOf(plan);
  const started = formOfDeclaration(declaration, { taskQueue: queue, priority, plan: hash });
  const form = record.options.partition ? backfillForm(started, declaration, record.name) : started;
  requireShort(declaration, form.parameters, inlineLimit);
  return {
    id,
    form,
    args: [form.parameters],
    memo: {
      trigger: triggerName(declaration),
      // The plan of a backfill is its worker's: its request names the plan of the runs.
      ...(options.pin && form === started && { plan: hash }),
      ...(options.plannedTime !== undefined && { plannedTime: options.plannedTime }),
      ...(options.tags.length > 0 && { tags: options.tags }),
      ...(inlineLimit !== undefined && { inlineLimit }),
    },
    save: async () => {
      if (options.pin) await savePlans(record);
    },
  };
}

/** Starts a backfill of partitions that have closed and have no run. */
function backfillForm(
  form: ScheduleDefinition,
  { options }: ScheduleDeclaration,
  tapestry: string,
): ScheduleDefinition {
  const request: BackfillInput = {
    tapestry,
    ...(form.plan !== null && { plan: form.plan }),
    only: ['missing'],
    catchup: options.catchupMs,
    queue: form.taskQueue,
    parameters: options.parameters,
  };
  return { ...form, tapestry: BACKFILL, parameters: encodeJson({ request }), plan: null };
}

/** Checks parameters as a start does, with a sample planned time. */
async function checkParameters(declaration: ScheduleDeclaration, record: TapestryRecord): Promise<void> {
  const { parameters, plannedTime } = declaration.options;
  const isPartitioned = record.options.partition !== undefined;
  if (isPartitioned && plannedTime !== undefined) {
    throw new SelvageError(
      'InvalidConfig',
      `The schedule "${declaration.id}" gives its planned time to the parameter "${plannedTime}" of the tapestry "${record.name}", which has partitions: one ` +
        'start of the schedule may make several of them. Leave `plannedTime` out, and take `start` and `end` of the partition.',
      { details: { schedule: declaration.id, option: 'plannedTime', reason: 'Conflict' } },
    );
  }
  try {
    await validateParameters(
      record,
      await withPlannedTime(record, encodeAndBack(parameters), plannedTime, SAMPLE_TIME),
      isPartitioned ? [] : undefined,
    );
  } catch (error) {
    if (!SelvageError.is(error)) throw error;
    throw new SelvageError(
      error.code,
      `The schedule "${declaration.id}" cannot be deployed. ${error.message}`,
      {
        details: { ...error.details, schedule: declaration.id },
        cause: error,
      },
    );
  }
}

/** Throws if parameters cannot be encoded, before a schema sees them. */
function encodeAndBack(parameters: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  encodeJson(parameters);
  return parameters;
}

/** The server keeps the parameters, so they cannot be references to values that nothing else needs. */
function requireShort({ id }: ScheduleDeclaration, parameters: Json, inlineLimit: number | undefined): void {
  const limit = Math.min(PARAMETER_BYTES, inlineLimit ?? PARAMETER_BYTES);
  for (const [name, value] of Object.entries(parameters as object)) {
    const bytes = Buffer.byteLength(JSON.stringify(value));
    if (bytes <= limit) continue;
    throw new SelvageError(
      'InvalidConfig',
      `The parameter "${name}" of the schedule "${id}" takes ${bytes} bytes, and ${limit} may be kept on the server. Give where the data is, and let a knot read it.`,
      { details: { schedule: id, parameter: name, option: 'parameters', reason: 'WrongValue', bytes } },
    );
  }
  const inAll = Buffer.byteLength(JSON.stringify(parameters));
  if (inAll <= ALL_PARAMETERS_BYTES) return;
  throw new SelvageError(
    'InvalidConfig',
    `The parameters of the schedule "${id}" take ${inAll} bytes together, and ${ALL_PARAMETERS_BYTES} may be kept on the server. Give where the data is, and let a knot read it.`,
    { details: { schedule: id, option: 'parameters', reason: 'WrongValue', bytes: inAll } },
  );
}
