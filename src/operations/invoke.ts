import type { z } from 'zod';
import { SelvageError } from '../errors';
import { redactTexts } from '../values/redact';
import type { Operation } from './operation';
import { scopeMissing } from './scope-missing';
import type { Surroundings } from './surroundings';

const PROBLEMS = 5;

/**
 * Validates the ask and runs the operation, for all faces. The face has checked that the caller may act.
 *
 * @throws SelvageError `InvalidRequest`, `ScopeMissing`, and the operation's errors
 */
export async function invoke<One extends Operation>(
  operation: One,
  of: Surroundings,
  asked: z.input<One['ask']>,
): Promise<z.output<One['answer']>> {
  if (operation.readsValues && of.caller.mayReadValues === false) throw scopeMissing('values');
  const answer: unknown = await operation.run(of, checked(operation, asked));
  return redacted(operation, answer, of.caller.maySeeSecrets) as z.output<One['answer']>;
}

/** The validated ask with defaults. @throws SelvageError `InvalidRequest` */
export function checked<One extends Pick<Operation, 'name' | 'ask'>>(
  { name, ask }: One,
  asked: unknown,
): z.output<One['ask']> {
  const read = parsed(ask as z.ZodType, asked, name);
  if (read.success) return read.data as z.output<One['ask']>;
  const problems = read.error.issues
    .slice(0, PROBLEMS)
    .map(({ path, message }) => ({ path: path.join('.'), message }));
  const words = problems
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
    .join('; ');
  throw new SelvageError('InvalidRequest', `"${name}" is an invalid request: ${words.replace(/\.$/, '')}.`, {
    details: { problems },
  });
}

/** @throws SelvageError `InvalidRequest` if the ask exceeds the stack by its depth */
function parsed(schema: z.ZodType, asked: unknown, name: string): ReturnType<z.ZodType['safeParse']> {
  try {
    return schema.safeParse(asked);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new SelvageError('InvalidRequest', `"${name}" was asked with what is nested too deeply.`, {
      cause: error,
    });
  }
}

/** Redacts all texts, except fields in `inFull` for callers who may see secrets. */
function redacted({ inFull = [] }: Operation, answer: unknown, maySeeSecrets: boolean): unknown {
  if (inFull === true && maySeeSecrets) return answer;
  const shown = redactTexts(answer);
  if (inFull === true || !maySeeSecrets) return shown;
  const given = answer as Record<string, unknown>;
  const kept = inFull.filter((field) => field in given).map((field) => [field, given[field]]);
  return kept.length === 0 ? shown : { ...(shown as object), ...Object.fromEntries(kept) };
}
