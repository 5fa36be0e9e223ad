import { SelvageError, type ErrorReason } from '../errors';

/** Makes the error for an invalid option. The complaint follows the word "it". */
export type Refusal = (
  option: string,
  complaint: string,
  reason?: ErrorReason<'InvalidConfig'>,
) => SelvageError;

export function refusalOf(owner: string): Refusal {
  return (option, complaint, reason = 'WrongValue') =>
    new SelvageError(
      'InvalidConfig',
      `The option "${option}" of ${owner} cannot be used: it ${complaint}. Correct or remove it.`,
      { details: { owner, option, reason } },
    );
}
