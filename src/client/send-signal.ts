import { WorkflowUpdateRPCTimeoutOrCancelledError, type WorkflowHandle } from '@temporalio/client';
import type { Sha256 } from '../canonical';
import { SelvageError, isErrorCode } from '../errors';
import { encodeOutput, envelopeOf, storedValues } from '../execution';
import type { DataStore } from '../protocols';
import { updatePatiently } from './patient-update';
import { CUT_OFF, failureOfUpdate } from './update-failure';
import { SIGNAL_UPDATE, type SignalReceipt, type SignalRequest } from '../workflows/messages';

/**
 * Sends the signal and waits until the run has taken or refused it. A payload of more bytes than the limit goes by reference, so that no history
 * carries it.
 *
 * @param digest of values
 * @param timeout milliseconds
 * @throws SelvageError `NotEncodable`, `InvalidSignal`, `UnknownSignal`, `SignalTooLate`, `TooManySignals`, `NoWorker`; and those of the
 *   server as they are
 */
export async function sendSignal(
  workflow: WorkflowHandle,
  dataStore: DataStore,
  name: string,
  payload: unknown,
  {
    digest,
    timeout,
    inlineLimit,
  }: { readonly digest: Sha256; readonly timeout: number; readonly inlineLimit: number },
): Promise<SignalReceipt> {
  const value = encodeOutput(payload, digest);
  if (value.size > inlineLimit) await dataStore.put(storedValues(value));
  const request: SignalRequest = { name, payload: envelopeOf(value, inlineLimit) };
  const giveUpAt = Date.now() + timeout;
  try {
    return await updatePatiently(
      () =>
        workflow.client.withDeadline(giveUpAt, () =>
          workflow.executeUpdate<SignalReceipt, [SignalRequest]>(SIGNAL_UPDATE, { args: [request] }),
        ),
      { giveUpAt },
    );
  } catch (error) {
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || Date.now() >= giveUpAt)
      throw noWorker(workflow.workflowId, name, timeout, error);
    throw ofSignal(error, workflow.workflowId, name);
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
