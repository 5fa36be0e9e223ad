import { randomUUID } from 'node:crypto';
import {
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type WorkflowClient,
  type WorkflowHandle,
} from '@temporalio/client';
import type { Sha256 } from '../values';
import { SelvageError, isErrorCode } from '../errors';
import { tablesIn } from '../tables/table';
import { encodeOutput, envelopeOf, storedValues, storeTablesIn } from '../runtime';
import type { DataStore } from '../ports';
import { updatePatiently } from './patient-update';
import { Places } from './places';
import { CUT_OFF, failureOfUpdate, isForLater, isOneTooMany, isUnanswered, isUnseen } from './update-failure';
import {
  ALREADY_ANSWERED,
  RUN_CONTINUES,
  SIGNAL_UPDATE,
  type SignalReceipt,
  type SignalRequest,
} from '../workflows/messages';
import { executionBefore, ifThere } from './executions';

/** Maximum number of concurrent signals to one run: the limit of an embedded server. */
const AT_ONCE = 50;
/** The default limit of other servers for concurrent updates of a run. */
const AT_ONCE_ELSEWHERE = 10;
/** The id of a signal is printable, and short enough for the server with the appended digest. */
const SIGNAL_ID = /^[!-~]{1,100}$/;
const DIGEST_LENGTH = 12;
/** Executions searched for the answer to a call that is not repeated. */
const OF_ONE_CALL = 3;

/** Places for concurrent signals, by client and run. */
const placesOf = new WeakMap<WorkflowClient, Places>();

interface SignalToSend {
  readonly name: string;
  readonly payload: unknown;
  /** The signal's id, given by a caller who may send it again; if omitted, a unique id. */
  readonly id?: string | undefined;
}

interface SendOptions {
  readonly digest: Sha256;
  /** Milliseconds. */
  readonly timeout: number;
  /** Largest encoded payload, in bytes, that is sent inline. */
  readonly inlineLimit: number;
  /** @throws SelvageError `ServerUnreachable` */
  readonly hasWorker: () => Promise<boolean>;
  /** Whether the server is gone for good. */
  readonly isServerLost: () => boolean;
}

/**
 * Sends the signal and waits until the run has taken or refused it. A payload above the limit is sent by
 * reference, so that no history contains it.
 *
 * While the fate of the signal is unknown, the signal is sent again. A second sending is safe: an execution accepts an
 * update of one id once, and the run takes a signal of one id once over all its executions. The update's id adds a
 * digest of the content. With the digest, a corrected payload of the same signal is checked, where the server would
 * repeat the first refusal.
 *
 * @throws SelvageError `InvalidConfig`, `NotEncodable`, `InvalidSignal`, `UnknownSignal`, `SignalTooLate`,
 * `TooManySignals`, `RunOver`, `NoWorker`, `SignalUnanswered`, `ServerUnreachable`; and the server's errors
 * unchanged
 */
export async function sendSignal(
  workflow: WorkflowHandle,
  dataStore: DataStore,
  { name, payload, id: given }: SignalToSend,
  { digest, timeout, inlineLimit, hasWorker, isServerLost }: SendOptions,
): Promise<SignalReceipt> {
  const id = given === undefined ? randomUUID() : requireSignalId(given);
  await storeTablesIn(dataStore, payload);
  const value = encodeOutput(payload, digest);
  if (value.size > inlineLimit || tablesIn(payload).length > 0) await dataStore.put(storedValues(value));
  const request: SignalRequest = { id, name, payload: envelopeOf(value, inlineLimit) };
  const content = digest(JSON.stringify([name, value.hash])).slice(0, DIGEST_LENGTH);
  const updateId = `${id}/${content}`;
  const { client, workflowId: run } = workflow;
  const places = placesOf.get(client) ?? new Places(AT_ONCE);
  placesOf.set(client, places);
  const send = async (): Promise<SignalReceipt> => {
    try {
      return await workflow.executeUpdate<SignalReceipt, [SignalRequest]>(SIGNAL_UPDATE, {
        args: [request],
        updateId,
      });
    } catch (error) {
      if (isOneTooMany(error)) places.narrow(AT_ONCE_ELSEWHERE);
      throw error;
    }
  };
  return await places.take(run, async (since) => {
    const giveUpAt = since + timeout;
    try {
      return await updatePatiently(() => client.withDeadline(giveUpAt, send), {
        giveUpAt,
        mayTryAgain: (error) => Promise.resolve(!isServerLost() && mayBeAnsweredYet(error)),
      });
    } catch (error) {
      const failure = failureOfUpdate(error);
      if (failure?.type === ALREADY_ANSWERED) return (failure.details as [SignalReceipt])[0];
      if (isOver(error)) {
        const executions = given === undefined ? OF_ONE_CALL : Infinity;
        const answered = await onRecord(client, { run, name, updateId, executions });
        if (answered) return answered;
      }
      if (!isServerLost() && (mayBeAnsweredYet(error) || isForLater(error)))
        throw (await hasWorker())
          ? unanswered({ run, name, id, timeout }, error)
          : noWorker({ run, name, id, timeout }, error);
      throw ofSignal(error, run, name);
    }
  });
}

/** @throws SelvageError `InvalidConfig` */
function requireSignalId(id: unknown): string {
  if (typeof id === 'string' && SIGNAL_ID.test(id)) return id;
  throw new SelvageError(
    'InvalidConfig',
    `The id of a signal is ${JSON.stringify(id)?.slice(0, 200)}; it must be a text of 1 to 100 printable ASCII characters without spaces.`,
    { details: { option: 'id', reason: 'WrongValue' } },
  );
}

function mayBeAnsweredYet(error: unknown): boolean {
  return isUnanswered(error) || failureOfUpdate(error)?.type === RUN_CONTINUES;
}

/** Whether the run or the server says that the run is over. */
function isOver(error: unknown): boolean {
  if (error instanceof WorkflowNotFoundError) return true;
  const type = failureOfUpdate(error)?.type;
  return type === CUT_OFF || type === 'RunOver';
}

/** @throws SelvageError the earlier refusal */
async function onRecord(
  client: WorkflowClient,
  { run, name, updateId, executions }: { run: string; name: string; updateId: string; executions: number },
): Promise<SignalReceipt | undefined> {
  try {
    return await answerOnRecord<SignalReceipt>(client, run, updateId, executions);
  } catch (error) {
    throw ofSignal(error, run, name);
  }
}

/** Converts a run's refusal to an error of ours; returns other errors unchanged. */
function ofSignal(error: unknown, run: string, signal: string): unknown {
  const failure = failureOfUpdate(error);
  if (failure?.type === CUT_OFF) return endedMeanwhile(run, signal, error);
  if (!failure || !isErrorCode(failure.type)) return error;
  return new SelvageError(failure.type, failure.message, { details: { run, signal }, cause: error });
}

function endedMeanwhile(run: string, signal: string, cause: unknown): SelvageError {
  return new SelvageError(
    'RunOver',
    `Run "${run}" has ended while it was sent the signal "${signal}". See what became of it: selvage runs show ${run}`,
    { details: { run, signal }, cause },
  );
}

interface Call {
  readonly run: string;
  readonly name: string;
  readonly id: string;
  readonly timeout: number;
}

function noWorker({ run, name: signal, id, timeout }: Call, cause: unknown): SelvageError {
  return new SelvageError(
    'NoWorker',
    `No worker has answered for run "${run}" within ${timeout} ms, so the signal "${signal}" was not checked; it may still come through. Start ` +
      'a worker that has the tapestry, see how the run stands (`selvage runs show`), and send the signal again under its id, which is taken once: ' +
      `--id ${id}`,
    { details: { run, signal, id, timeout }, cause },
  );
}

function unanswered({ run, name: signal, id, timeout }: Call, cause: unknown): SelvageError {
  return new SelvageError(
    'SignalUnanswered',
    `Run "${run}" has not answered the signal "${signal}" within ${timeout} ms, though a worker polls its task queue; it may still come through. ` +
      `${lastWordOf(cause)}See how the run stands (\`selvage runs show\`), and send the signal again under its id, which is taken once: --id ${id}`,
    { details: { run, signal, id, timeout }, cause },
  );
}

/** The error of the last try as a sentence, or ''. */
function lastWordOf(error: unknown): string {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return '';
  let last = error as Error;
  while (last.cause instanceof Error) last = last.cause;
  return `It was told: ${last.message.replace(/[.\s]*$/, '')}. `;
}

/**
 * A run's answer to an update, searched in its executions, newest first; undefined if none has one. The
 * server keeps answers as long as the run.
 *
 * @throws WorkflowUpdateFailedError if the answer was a refusal
 */
async function answerOnRecord<Answer>(
  client: WorkflowClient,
  run: string,
  updateId: string,
  executions: number,
): Promise<Answer | undefined> {
  let execution = (await ifThere(client.getHandle(run).describe()))?.runId;
  for (let looked = 0; execution && looked < executions; looked++) {
    try {
      const update = client.getHandle(run).getUpdateHandle<Answer>(updateId, { workflowRunId: execution });
      return await update.result();
    } catch (error) {
      const isCutOff = failureOfUpdate(error)?.type === CUT_OFF;
      const isNone = error instanceof WorkflowNotFoundError || isCutOff || isUnseen(error);
      if (!isNone) throw error;
    }
    execution = await executionBefore(client, run, execution);
  }
  return undefined;
}
