import { nodeSha256 } from '../node/node-sha256';
import { problemsOf } from '../plan';
import { SelvageError, type ErrorCode } from '../errors';
import { NamedDefinitions, withNested } from '../runtime';
import { recordOf, type Tapestry } from '../authoring';
import type { TapestryRecord } from '../authoring/records';
import { unusedParameter, unusedParameters } from '../authoring/parameters';

/** Something that is wrong with a tapestry. */
export interface Problem {
  /** An `error` prevents a run, a `warning` does not. */
  readonly severity: 'error' | 'warning';
  readonly code: ErrorCode;
  /** Sub-code, for codes that cover several mistakes. */
  readonly reason?: string;
  readonly message: string;
  /** The culprits by role: `tapestry`, `knot`, `input`, `parameter`, … */
  readonly details: Readonly<Record<string, unknown>>;
}

/**
 * Returns all problems of a tapestry and its nested ones, instead of throwing the first. Runs nothing; closes the
 * tapestry. Given a function that builds a tapestry, only its first mistake of wiring is returned. An empty list
 * means that a plan can be made; for its costs see `selvage plan`.
 */
export function check<Parameters extends object, Values extends object>(
  tapestry: Tapestry<Parameters, Values> | (() => Tapestry<Parameters, Values>),
): readonly Problem[] {
  let record: TapestryRecord;
  try {
    record = recordOf(typeof tapestry === 'function' ? tapestry() : tapestry);
  } catch (error) {
    if (!SelvageError.is(error)) throw error;
    return [problemOf(error)];
  }
  const all = withNested(record);
  const errors = [...all].flatMap((each) => problemsOf(each, nodeSha256));
  if (errors.length === 0) errors.push(...problemsBetween(all));
  return [...errors.map(problemOf), ...warningsOf(record)];
}

/** Each tapestry is right by itself, but a worker that has all of them would refuse them. */
function problemsBetween(tapestries: ReadonlySet<TapestryRecord>): SelvageError[] {
  try {
    new NamedDefinitions(tapestries, nodeSha256);
    return [];
  } catch (error) {
    if (SelvageError.is(error)) return [error];
    throw error;
  }
}

function problemOf({ code, message, details: { reason, ...details } }: SelvageError): Problem {
  return { severity: 'error', code, ...(typeof reason === 'string' && { reason }), message, details };
}

export function warningsOf(record: TapestryRecord): Problem[] {
  return unusedParameters(record).map((parameter) => ({
    severity: 'warning',
    code: 'UnusedParameter',
    message: unusedParameter(record.name, parameter),
    details: { tapestry: record.name, parameter },
  }));
}
