import type { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { SelvageError } from '../errors';
import type { Backends } from '../protocols';
import type { Digests } from '../sealing/digests';
import type { RunScope } from '../sealing/run-scope';
import { digestsOf, digestTagOf, encryptionOf, subjectOf } from '../sealing/seal-backends';
import { MEMO_KEY, type PinRequest, type RunMemo } from '../workflows/messages';

type Info = Pick<Context['info'], 'workflowExecution'>;

/** So many runs are remembered. */
const REMEMBERED_RUNS = 10_000;

/** What is as it is from the beginning of a run to its end, as its record says it. */
interface Facts {
  readonly subject: string | undefined;
  /** Of the digest key. */
  readonly tag: string | undefined;
}

/**
 * For whom runs work and what they hash their values with, as this worker knows it: by the record of a run, which its first step writes, else by
 * what the server has of it.
 */
export class RunScopes {
  /** By the Temporal run id of its records. */
  private readonly known = new Map<string, RunScope>();

  constructor(
    private readonly backends: Backends,
    private readonly client: Pick<Client, 'workflow'> | undefined,
  ) {}

  /**
   * Of a run that begins with this.
   *
   * @throws SelvageError `KeyMissing`: this worker could not seal what it stores for it, or hash it as it was hashed; `BackendUnavailable`
   */
  async pinned({ workflowExecution }: Info, request: PinRequest): Promise<RunScope> {
    const { subject, backends: others } = request;
    const { workflowId, runId: recordRun } = workflowExecution!;
    const isSealed = encryptionOf(this.backends) !== undefined;
    if (subject !== undefined && !isSealed) throw cannotSeal(workflowId);
    if (!isSealed) return this.remember(recordRun, {});
    const digests = digestsOf(this.backends);
    // With a client of other keys it does not begin: see `requireSameBackends`.
    if (others && !digests.takes(others.digest)) return { subject };
    const tag = others ? others.digest : await this.begunTag(recordRun, digests);
    return this.remember(recordRun, { subject, digest: digests.byTag(tag) });
  }

  /**
   * Of the run that an activity works for: its input says which where the activity is not the run's own.
   *
   * @throws SelvageError `BackendUnavailable`: it cannot be told; `KeyMissing`: this worker lacks the digest key of the run
   */
  async of({ workflowExecution }: Info, input: unknown): Promise<RunScope> {
    if (!workflowExecution || !encryptionOf(this.backends)) return {};
    const { run, runId, task } = partsOf(input);
    const recordRun = textOr(run ?? task?.run, workflowExecution.runId);
    const known = this.known.get(recordRun);
    if (known) return known;
    const id = textOr(runId ?? task?.runId, workflowExecution.workflowId);
    const { subject, tag } = await this.look(recordRun, id);
    return this.remember(recordRun, { subject, digest: digestsOf(this.backends).byTag(tag) });
  }

  /** Of a run that nobody has said a digest key for: the one that it began with, if this is not the first try. */
  private async begunTag(recordRun: string, { all, current }: Digests): Promise<string | undefined> {
    if (all.every(({ tag }) => tag === undefined)) return undefined;
    const record = await this.backends.runHistory.getRunByTemporalId(recordRun);
    return record ? digestTagOf(record) : current.tag;
  }

  private async look(recordRun: string, runId: string): Promise<Facts> {
    const { runHistory } = this.backends;
    // A run that was reset has no record of its own before its end; it works for whom it worked before.
    const record = (await runHistory.getRunByTemporalId(recordRun)) ?? (await runHistory.getRun(runId));
    if (record) return { subject: subjectOf(record), tag: digestTagOf(record) };
    try {
      const { memo } = await this.client!.workflow.getHandle(runId).describe();
      const { subject, backends } = (memo?.[MEMO_KEY] ?? {}) as RunMemo;
      return { subject, tag: backends ? backends.digest : digestsOf(this.backends).current.tag };
    } catch {
      throw new SelvageError(
        'BackendUnavailable',
        `The run history (${runHistory.technology}) has no record of run "${runId}", and the server does not tell: without it this worker cannot know which keys ` +
          'seal and hash what it stores.',
        { details: { run: runId } },
      );
    }
  }

  private remember(recordRun: string, scope: RunScope): RunScope {
    this.known.set(recordRun, scope);
    for (const oldest of this.known.keys()) {
      if (this.known.size <= REMEMBERED_RUNS) break;
      this.known.delete(oldest);
    }
    return scope;
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
