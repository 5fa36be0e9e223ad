import { LRUCache } from 'lru-cache';
import type { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { SelvageError } from '../errors';
import type { Backends } from '../ports';
import type { Digests } from '../encryption/digests';
import type { RunScope } from '../encryption/run-scope';
import { digestsOf, digestTagOf, encryptionOf, subjectOf } from '../encryption/seal-backends';
import { MEMO_KEY, type BeginRunRequest, type RunMemo } from '../workflows/messages';

type Info = Pick<Context['info'], 'workflowExecution'>;

const REMEMBERED_RUNS = 10_000;

interface Facts {
  readonly subject: string | undefined;
  readonly tag: string | undefined;
}

/** The subject and digest key of each run: from its record, which its first step writes, or else from the server. */
export class RunScopes {
  private readonly known = new LRUCache<string, RunScope>({ max: REMEMBERED_RUNS });

  constructor(
    private readonly backends: Backends,
    private readonly client: Pick<Client, 'workflow'> | undefined,
  ) {}

  /**
   * For the first step of a run. @throws SelvageError `KeyMissing` to seal or hash its values; `BackendUnavailable`
   */
  async ofBeginning({ workflowExecution }: Info, request: BeginRunRequest): Promise<RunScope> {
    const { subject, backends: others } = request;
    const { workflowId, runId: temporalRunId } = workflowExecution!;
    const isSealed = encryptionOf(this.backends) !== undefined;
    if (subject !== undefined && !isSealed) throw cannotSeal(workflowId);
    if (!isSealed) return this.remember(temporalRunId, {});
    const digests = digestsOf(this.backends);
    // The run does not begin if the client has other keys: see `requireSameBackends`.
    if (others && !digests.takes(others.digest)) return { subject };
    const tag = others ? others.digest : await this.begunTag(temporalRunId, digests);
    return this.remember(temporalRunId, { subject, digest: digests.byTag(tag) });
  }

  /**
   * The scope of an activity's run, which its input may name. @throws SelvageError `KeyMissing`;
   * `BackendUnavailable`
   */
  async of({ workflowExecution }: Info, input: unknown): Promise<RunScope> {
    if (!workflowExecution || !encryptionOf(this.backends)) return {};
    const { temporalRunId: said, runId, task } = partsOf(input);
    const temporalRunId = textOr(said ?? task?.temporalRunId, workflowExecution.runId);
    const known = this.known.get(temporalRunId);
    if (known) return known;
    const id = textOr(runId ?? task?.runId, workflowExecution.workflowId);
    const { subject, tag } = await this.look(temporalRunId, id);
    return this.remember(temporalRunId, { subject, digest: digestsOf(this.backends).byTag(tag) });
  }

  /** The digest key of a run whose starter named none: the key of its first try. */
  private async begunTag(temporalRunId: string, { all, current }: Digests): Promise<string | undefined> {
    if (all.every(({ tag }) => tag === undefined)) return undefined;
    const record = await this.backends.runHistory.getRunByTemporalId(temporalRunId);
    return record ? digestTagOf(record) : current.tag;
  }

  private async look(temporalRunId: string, runId: string): Promise<Facts> {
    const { runHistory } = this.backends;
    // A reset run has no record of its own before its end, but keeps its subject.
    const record = (await runHistory.getRunByTemporalId(temporalRunId)) ?? (await runHistory.getRun(runId));
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

  private remember(temporalRunId: string, scope: RunScope): RunScope {
    this.known.set(temporalRunId, scope);
    return scope;
  }
}

interface Parts {
  readonly temporalRunId?: unknown;
  readonly runId?: unknown;
  readonly task?: { readonly temporalRunId?: unknown; readonly runId?: unknown };
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
