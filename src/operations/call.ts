import { BY_NAME, type AnswerOf, type AskOf, type OperationName } from '.';
import { invoke } from './invoke';
import type { Surroundings } from './surroundings';

/** Invokes an operation that is known by its name, as {@link invoke} does. */
export async function call<Name extends OperationName>(
  of: Surroundings,
  name: Name,
  ask: AskOf<Name>,
): Promise<AnswerOf<Name>> {
  return (await invoke(BY_NAME.get(name)!, of, ask as never)) as AnswerOf<Name>;
}
