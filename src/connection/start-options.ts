import { durationOption, type Duration } from '../values/duration';
import { SelvageError } from '../errors';
import { requestProblems, type EventLink } from '../ports';
import { runIdOfKey } from './run-ids';

export interface BeginOptions {
  /** Default: the tapestry's name and a random part. */
  readonly runId?: string;
  /**
   * How to react if the run id is in use. `refuse` (default) throws `RunIdInUse`. `attach` returns a handle
   * of the run that has it, if plan and parameters are the same, and else throws `RunIdInUse`.
   */
  readonly ifExists?: 'refuse' | 'attach';
  /**
   * At most 100. Tags, `actor`, `trigger` and `vcsCommit` are single lines of at most 1,000 bytes without
   * control characters.
   */
  readonly tags?: readonly string[];
  /** Default: {@link currentActor}. */
  readonly actor?: string;
  readonly taskQueue?: string;
  /** Default: the commit of the git checkout in the project's folder. */
  readonly vcsCommit?: string;
  /** @internal The event that starts the run, unique within its trigger. */
  readonly triggerKey?: string;
  /** @internal Where that event came from. */
  readonly event?: EventLink;
  /** @internal The span that the event came from, as W3C Trace Context writes it, unless one is active. */
  readonly traceparent?: string | undefined;
  /** @internal The key of the run's partition. */
  readonly partition?: string;
  /**
   * @internal Says that nobody has used this `runId` before, so that the run history need not be asked.
   *   Default false.
   */
  readonly isNew?: boolean;
  /**
   * The person or customer that the run works for, as a text. All that is stored for the run, and for runs
   * that its knots start, is sealed with a key of the subject; `selvage forget` destroys that key for good.
   * No value of such a run goes into Temporal's history. Needs encryption. The text itself is readable in the
   * run's record and in the server's memo, so it should be no name. A resumed run keeps its subject. Default:
   * none.
   */
  readonly subject?: string;
  /**
   * When the run must be over: a point in time, or a duration from now, such as `'2h'`. A run that has not ended by then is
   * stopped as by a cancel, skips the rest, and is recorded as failed with `DeadlineExceeded`. It holds
   * across crashes and times without a worker. Attaching to a run leaves its deadline as it is. Default:
   * none.
   */
  readonly deadline?: Date | Duration;
  /**
   * Lets knots with the option `cache` take values of other runs. With `false` all bodies run, and later runs
   * may take their values. Default true.
   */
  readonly reuse?: boolean;
}

export interface StartOptions extends BeginOptions {
  /** Names or knot ids; only what they need runs. Default: the tapestry's terminals. */
  readonly terminals?: readonly string[];
  /** The origin of the start, for the record. Default `code`. */
  readonly trigger?: string;
  /**
   * Names the work instead of the run. The first start of a tapestry with a key makes the run; later ones
   * return a handle of it, for as long as the run history knows it. Another plan or other parameters under
   * the same key throw `RunIdInUse`. The run id is made of the key, so `runId` must be left out. Any text.
   */
  readonly idempotencyKey?: string;
}

export interface ResumeOptions extends BeginOptions {
  /** Ids of knots to run again, with all knots below them, although they were Ok. Default: none. */
  readonly from?: readonly string[];
  /**
   * Allows a second resume of a run, once the first resumed run is over. Default false: throws
   * `AlreadyResumed`.
   */
  readonly allowDuplicate?: boolean;
}

/**
 * Turns a `idempotencyKey` into the run id that every start with this key has.
 *
 * @throws SelvageError `InvalidConfig`
 */
export function namedByKey(tapestry: string, { idempotencyKey, ...options }: StartOptions): BeginOptions {
  if (idempotencyKey === undefined) return options;
  // Lone surrogates encode to the same bytes, so that two keys would be one.
  if (options.runId !== undefined || idempotencyKey === '' || /\p{Surrogate}/u.test(idempotencyKey)) {
    throw new SelvageError(
      'InvalidConfig',
      options.runId === undefined
        ? `The idempotencyKey of a run of tapestry "${tapestry}" is ${idempotencyKey === '' ? 'empty' : 'not valid Unicode'}. Give a text that names the work, or none.`
        : `A run of tapestry "${tapestry}" was given both runId "${options.runId}" and idempotencyKey ${JSON.stringify(idempotencyKey)}. Give one of them: ` +
            'the run id is made of the key.',
      {
        details: {
          tapestry,
          idempotencyKey,
          run: options.runId,
          reason: options.runId === undefined ? 'WrongValue' : 'Conflict',
        },
      },
    );
  }
  return { ...options, runId: runIdOfKey(tapestry, idempotencyKey), ifExists: 'attach' };
}

/**
 * Reads a deadline as milliseconds since the epoch.
 *
 * @throws SelvageError `InvalidConfig`
 */
export function deadlineOf(deadline: Date | Duration | undefined): number | undefined {
  if (deadline === undefined) return undefined;
  const at =
    deadline instanceof Date ? deadline.getTime() : Date.now() + durationOption('deadline', deadline);
  // The range of a Date; records hold nothing beyond it.
  if (!Number.isFinite(at) || Math.abs(at) > 8.64e15) {
    throw new SelvageError(
      'InvalidConfig',
      `The deadline of the run is no point in time (${String(deadline)}). Give a Date, milliseconds from now, or a text such as "2h".`,
      { details: { option: 'deadline', reason: 'WrongValue' } },
    );
  }
  return Math.ceil(at);
}

export function pastDeadline(at: number): SelvageError {
  return new SelvageError(
    'DeadlineExceeded',
    `The deadline of the run, ${new Date(at).toISOString()}, is past. Give one that is yet to come, or none.`,
    { details: { deadline: at } },
  );
}

/** @throws SelvageError `InvalidConfig` if a text of a start cannot be recorded */
export function requireRequest(request: object): void {
  const [problem] = requestProblems(request);
  if (!problem) return;
  const { option, message } = problem;
  throw new SelvageError('InvalidConfig', message, { details: { option, reason: 'WrongValue' } });
}
