import { durationOption, type Duration } from '../values/duration';
import { SelvageError } from '../errors';
import { requestProblems, type EventLink } from '../ports';
import { runIdOfKey } from './run-ids';

export interface BeginOptions {
  /** Id of the run; if omitted, the tapestry's name and a random part. */
  readonly runId?: string;
  /**
   * If the run id is in use: The default, `refuse`, throws `RunIdInUse`. `attach` returns a handle of its run; if plan
   * or parameters differ, it throws, too.
   */
  readonly ifExists?: 'refuse' | 'attach';
  /**
   * At most 100 tags, each like `actor`, `trigger` and `vcsCommit`: one line, at most 1,000 bytes, no control
   * characters.
   */
  readonly tags?: readonly string[];
  /** Default: {@link currentActor}. */
  readonly actor?: string;
  readonly taskQueue?: string;
  /** The commit of the code; default: the commit of the git checkout in the project's folder. */
  readonly vcsCommit?: string;
  /** @internal Key of the event that starts the run, unique within its trigger. */
  readonly triggerKey?: string;
  /** @internal The source of that event. */
  readonly event?: EventLink;
  /** @internal The event's span, as W3C Trace Context writes it. This span is used if no span is active. */
  readonly traceparent?: string | undefined;
  /** @internal */
  readonly partition?: string;
  /** @internal Whether this `runId` is surely unused, so that the run history is not asked. Default false. */
  readonly isNew?: boolean;
  /**
   * The person or customer that the run works for. All that is stored for the run, and for runs of its knots,
   * is sealed with a key of the subject, which `selvage forget` destroys. None of the run's values goes into Temporal's
   * history. Needs encryption. The text itself is readable in the run's record and the server's memo, so do not use a
   * name. A resumed run keeps its subject. Default: none.
   */
  readonly subject?: string;
  /**
   * End of the allowed time: a `Date`, or a duration from now, such as `'2h'`. At the deadline the run is stopped as by
   * a cancel, skips all other knots, and is recorded as failed with `DeadlineExceeded`. The deadline holds across
   * crashes and without workers. Attaching to a run does not change its deadline. Default: none.
   */
  readonly deadline?: Date | Duration;
  /** Whether `cache` may take values of other runs. Later runs may take this run's values anyway. Default true. */
  readonly reuse?: boolean;
}

export interface StartOptions extends BeginOptions {
  /** Names of terminals or knot ids; only knots that they need run. Default: the tapestry's terminals. */
  readonly terminals?: readonly string[];
  /** The origin of the start, for the record. Default `code`. */
  readonly trigger?: string;
  /**
   * A key of the work, any text, in place of `runId`. The first start of a tapestry with a key makes the run;
   * later ones return its handle, for as long as the run history knows it. Another plan or other parameters
   * throw `RunIdInUse`. Giving `runId` as well throws `InvalidConfig`.
   */
  readonly idempotencyKey?: string;
}

export interface ResumeOptions extends BeginOptions {
  /** Ids of Ok knots to run again, with all knots below them. Default: none. */
  readonly from?: readonly string[];
  /** Allows another resume, once the earlier resumed run is over; default: false, which throws `AlreadyResumed`. */
  readonly allowDuplicate?: boolean;
}

/** Turns `idempotencyKey` into a run id. @throws SelvageError `InvalidConfig` */
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

/** The deadline in milliseconds since the epoch. @throws SelvageError `InvalidConfig` */
export function deadlineOf(deadline: Date | Duration | undefined): number | undefined {
  if (deadline === undefined) return undefined;
  const at =
    deadline instanceof Date ? deadline.getTime() : Date.now() + durationOption('deadline', deadline);
  // Records have the range of a Date.
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
