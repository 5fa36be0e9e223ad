import { BY_NAME, type AnswerOf, type AskOf, type OperationName } from '.';
import { SelvageError } from '../errors';
import { invoke } from './invoke';
import type { Surroundings } from './surroundings';

/** @throws SelvageError as {@link invoke}, and `InvalidRequest` for an unknown operation */
export async function call<Name extends OperationName>(
  of: Surroundings,
  name: Name,
  ask: AskOf<Name>,
): Promise<AnswerOf<Name>> {
  const operation = BY_NAME.get(name);
  if (operation) return (await invoke(operation, of, ask as never)) as AnswerOf<Name>;
  throw new SelvageError(
    'InvalidRequest',
    `There is no operation ${JSON.stringify(name)}. Those that there are: ${[...BY_NAME.keys()].join(', ')}.`,
  );
}
