import { nodeSha256 } from '../adapters/shared/node-sha256';
import { problemsOf } from '../engine';
import { SelvageError, type ErrorCode } from '../errors';
import { withNested } from '../execution';
import { recordOf, type Tapestry } from '../model';
import type { TapestryRecord } from '../model/records';
import { unusedParameter, unusedParameters } from '../model/unused-parameters';

/** One thing that is wrong with a tapestry. */
export interface Problem {
  /** An `error` keeps the tapestry from being run, a `warning` does not. */
  readonly severity: 'error' | 'warning';
  readonly code: ErrorCode;
  /** Which of the mistakes that the code covers. */
  readonly reason?: string;
  readonly message: string;
  /** The culprits by role: `tapestry`, `knot`, `input`, `parameter`, … */
  readonly details: Readonly<Record<string, unknown>>;
}

/**
 * Answers all that is wrong with a tapestry, and with those that are nested in it, instead of throwing the first. Nothing runs; the tapestry is finished by it. Mistakes of wiring are
 * thrown where they are made: of a function that builds the tapestry, the first of them is the answer.
 *
 * @returns no problems where a plan can be made of the tapestry; what a run of it may come to is told by `selvage plan`
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
  const errors = [...withNested(record)].flatMap((each) => problemsOf(each, nodeSha256));
  return [...errors.map(problemOf), ...warningsOf(record)];
}

function problemOf({ code, message, details: { reason, ...details } }: SelvageError): Problem {
  return { severity: 'error', code, ...(typeof reason === 'string' && { reason }), message, details };
}

function warningsOf(record: TapestryRecord): Problem[] {
  return unusedParameters(record).map((parameter) => ({
    severity: 'warning',
    code: 'UnusedParameter',
    message: unusedParameter(record.name, parameter),
    details: { tapestry: record.name, parameter },
  }));
}
