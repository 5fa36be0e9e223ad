import { nodeSha256 } from '../backends';
import { hashText } from '../values';
import { SelvageError } from '../errors';
import { textProblem } from '../authoring/texts';
import { triggerName, type TriggerDeclaration } from '../triggers';

/** Hexadecimal digits of a key's hash in a run id, enough that keys of a tapestry do not collide. */
const KEY_DIGITS = 24;
const RUN_ID_BYTES = 200;

/** The id that all starts of a tapestry with one `idempotencyKey` share. */
export function runIdOfKey(tapestry: string, idempotencyKey: string): string {
  return idWithHash(tapestry, idempotencyKey);
}

/** The id of an event's run, made of the trigger's own id and a hash of trigger and key. */
export function runIdOfEvent(trigger: Pick<TriggerDeclaration, 'kind' | 'id'>, key: string): string {
  return idWithHash(trigger.id, JSON.stringify([triggerName(trigger), key]));
}

/** @throws SelvageError `InvalidName` */
export function checkRunId(runId: string): string {
  const problem = textProblem(runId, RUN_ID_BYTES);
  if (!problem) return runId;
  const [reason, rule] = problem;
  throw new SelvageError(
    'InvalidName',
    `The run id ${JSON.stringify(String(runId).slice(0, 60))} cannot be used: it ${rule}. Choose another.`,
    { details: { run: runId, reason } },
  );
}

function idWithHash(beginning: string, text: string): string {
  const digest = hashText(text, nodeSha256).slice('sha256:'.length, 'sha256:'.length + KEY_DIGITS);
  // A long name is cut, so that the id keeps within its limit.
  return `${beginning.slice(0, RUN_ID_BYTES - KEY_DIGITS - 1)}~${digest}`;
}
