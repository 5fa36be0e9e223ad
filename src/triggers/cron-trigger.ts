import { isTapestry, type Tapestry } from '../authoring';
import { checkName } from '../authoring/names';
import { shown } from '../authoring/checks';
import { readOptions } from '../authoring/options';
import { declareTrigger, triggerName, type TriggerDeclaration } from './declaration';
import { refusalOf } from '../authoring/refusal';
import { isText } from './option-checks';

export interface CronTriggerOptions {
  /** Seconds between events, more than 0. Events are at multiples since 1970, the same in all processes. */
  readonly everySeconds: number;
  /** Default `every-<seconds>s`. */
  readonly id?: string;
  /** The tapestry to start; may be omitted in `runForever`, which names it. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a tapestry of whatever parameters and values
  readonly tapestry?: Tapestry<any, any>;
  /** Parameters of each run. Default: none. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

export interface CronTriggerSettings {
  readonly everyMs: number;
  readonly parameters: Readonly<Record<string, unknown>>;
}

export type CronTriggerDeclaration = TriggerDeclaration<'cron', CronTriggerSettings>;

/**
 * An event every so many seconds, by the clock of the serving process: for tests without a server, and for
 * events that may be missed while none serves. Use a `schedule` for reliable times.
 *
 * @throws SelvageError `InvalidName`, `InvalidConfig`
 */
export function cronTrigger(options: CronTriggerOptions): CronTriggerDeclaration {
  const { parameters = {}, tapestry, ...others } = options ?? ({} as CronTriggerOptions);
  const seconds: unknown = others.everySeconds;
  const id = others.id ?? `every-${String(seconds)}s`;
  const owner = triggerName({ kind: 'cron', id });
  const refuse = refusalOf(owner);
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds < 0.001)
    throw refuse(
      'everySeconds',
      `must be a number of seconds above 0, and is ${shown(seconds)}`,
      seconds === undefined ? 'MissingPart' : 'WrongValue',
    );
  readOptions<Omit<CronTriggerOptions, 'parameters' | 'tapestry'>>(owner, others, {
    everySeconds: () => undefined,
    id: isText,
  });
  checkName('trigger', id);
  if (tapestry !== undefined && !isTapestry(tapestry))
    throw refuse('tapestry', `must be what tapestry() answers, and is ${shown(tapestry)}`);
  if (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters))
    throw refuse('parameters', `must be an object such as { name: value }, and is ${shown(parameters)}`);
  return declareTrigger({
    kind: 'cron',
    id,
    ...(tapestry && { tapestry }),
    options: Object.freeze({
      everyMs: Math.round(seconds * 1_000),
      parameters: Object.freeze({ ...parameters }),
    }),
  });
}
