import { WorkflowUpdateRPCTimeoutOrCancelledError, type WorkflowHandle } from '@temporalio/client';
import { setTimeout as delay } from 'node:timers/promises';
import { nodeSha256 } from '../backends';
import { SelvageError, isErrorCode } from '../errors';
import { encodeOutput, envelopeOf, storedValues } from '../execution';
import type { DataStore } from '../protocols';
import { CUT_OFF, failureOfUpdate, isForLater, isStepFailing } from './update-failure';
import { SIGNAL_UPDATE, type SignalReceipt, type SignalRequest } from '../workflows/messages';

/** Larger payloads go by reference, so that no history carries them. */
const INLINE_BYTES = 2 * 1024;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/**
 * Sends the signal and waits until the run has taken or refused it.
 *
 * @param timeout milliseconds
 * @throws SelvageError `NotEncodable`, `InvalidSignal`, `UnknownSignal`, `SignalTooLate`, `TooManySignals`, `NoWorker`; and those of the
 *   server as they are
 */
export async function sendSignal(
  workflow: WorkflowHandle,
  dataStore: DataStore,
  name: string,
  payload: unknown,
  timeout: number,
): Promise<SignalReceipt> {
  const value = encodeOutput(payload, nodeSha256);
  if (value.size > INLINE_BYTES) await dataStore.put(storedValues(value));
  const request: SignalRequest = { name, payload: envelopeOf(value, INLINE_BYTES) };
  const giveUpAt = Date.now() + timeout;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      return await workflow.client.withDeadline(giveUpAt, () =>
        workflow.executeUpdate<SignalReceipt, [SignalRequest]>(SIGNAL_UPDATE, { args: [request] }),
      );
    } catch (error) {
      if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || Date.now() >= giveUpAt)
        throw noWorker(workflow.workflowId, name, timeout, error);
      if (!isForLater(error) && !isStepFailing(error)) throw ofSignal(error, workflow.workflowId, name);
      await delay(pause);
    }
  }
}

/** What the run has refused, as an error of ours; any other unchanged. */
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

function noWorker(run: string, signal: string, timeout: number, cause: unknown): SelvageError {
  return new SelvageError(
    'NoWorker',
    `No worker has answered for run "${run}" within ${timeout} ms, so the signal "${signal}" was not checked; it may still come through. Start ` +
      'a worker that has the tapestry, see how the run stands (`selvage runs show`), and send it again if it still waits.',
    { details: { run, signal, timeout }, cause },
  );
}
