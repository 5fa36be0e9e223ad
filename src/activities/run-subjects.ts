import type { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { SelvageError } from '../errors';
import type { Backends } from '../protocols';
import { encryptionOf, subjectOf } from '../sealing/seal-backends';
import { MEMO_KEY, type PinRequest, type RunMemo } from '../workflows/messages';

type Info = Pick<Context['info'], 'workflowExecution'>;

/** Subjects of so many runs are remembered. */
const REMEMBERED_RUNS = 10_000;

/** For whom runs work, as this worker knows it: by the record of a run, which its first step writes, else by what the server has of it. */
export class RunSubjects {
  /** By the Temporal run id of its records. */
  private readonly known = new Map<string, string | undefined>();

  constructor(
    private readonly backends: Backends,
    private readonly client: Pick<Client, 'workflow'> | undefined,
  ) {}

  /** Of a run that begins with this. @throws SelvageError `KeyMissing`: this worker could not seal what it stores for it */
  pinned({ workflowExecution }: Info, { subject }: PinRequest): string | undefined {
    if (subject !== undefined && !encryptionOf(this.backends))
      throw cannotSeal(workflowExecution!.workflowId);
    this.remember(workflowExecution!.runId, subject);
    return subject;
  }

  /**
   * Of the run that an activity works for: its input says which where the activity is not the run's own.
   *
   * @throws SelvageError `BackendUnavailable`: it cannot be told
   */
  async of({ workflowExecution }: Info, input: unknown): Promise<string | undefined> {
    if (!workflowExecution || !encryptionOf(this.backends)) return undefined;
    const { run, runId, task } = partsOf(input);
    const recordRun = textOr(run ?? task?.run, workflowExecution.runId);
    if (this.known.has(recordRun)) return this.known.get(recordRun);
    const id = textOr(runId ?? task?.runId, workflowExecution.workflowId);
    const subject = await this.look(recordRun, id);
    this.remember(recordRun, subject);
    return subject;
  }

  private async look(recordRun: string, runId: string): Promise<string | undefined> {
    const { runHistory } = this.backends;
    // A run that was reset has no record of its own before its end; it works for whom it worked before.
    const record = (await runHistory.getRunByTemporalId(recordRun)) ?? (await runHistory.getRun(runId));
    if (record) return subjectOf(record);
    try {
      const { memo } = await this.client!.workflow.getHandle(runId).describe();
      return (memo?.[MEMO_KEY] as RunMemo | undefined)?.subject;
    } catch {
      throw new SelvageError(
        'BackendUnavailable',
        `The run history (${runHistory.technology}) has no record of run "${runId}", and the server does not tell: without it this worker cannot know whose key ` +
          'seals what it stores.',
        { details: { run: runId } },
      );
    }
  }

  private remember(recordRun: string, subject: string | undefined): void {
    this.known.set(recordRun, subject);
    for (const oldest of this.known.keys()) {
      if (this.known.size <= REMEMBERED_RUNS) break;
      this.known.delete(oldest);
    }
  }
}

interface Parts {
  readonly run?: unknown;
  readonly runId?: unknown;
  readonly task?: { readonly run?: unknown; readonly runId?: unknown };
}

function partsOf(input: unknown): Parts {
  return typeof input === 'object' && input !== null ? input : {};
}

function textOr(said: unknown, own: string): string {
  return typeof said === 'string' ? said : own;
}

function cannotSeal(run: string): SelvageError {
  return new SelvageError(
    'KeyMissing',
    `Run "${run}" has a subject, whose values are to be sealed, and this worker has no keys. It waits for a worker that has: set SELVAGE_KEYS.`,
    { details: { run } },
  );
}
