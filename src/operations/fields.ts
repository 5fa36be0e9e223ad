import { z } from 'zod';
import { RUN_STATUSES } from '../authoring/outcome';
import { durationMs } from '../values/duration';
import { pastTime, TIME_FORMS } from '../values/past-time';
import type { Json } from '../values';
import { innerOf } from './flat';

/** Name and placeholder of a field on the command line; if omitted, the field's name. */
interface Flag {
  readonly flag?: string;
  readonly placeholder?: string;
  /** Whether a list is one text, separated by commas. Default false. */
  readonly isByComma?: true;
  /** Whether the text is JSON; `-` reads the standard input. */
  readonly isJson?: true;
}

const flags = z.registry<Flag>();

/** A copy of the field with its flag; schemas that it wraps keep their own. */
export function flagged<Field extends z.ZodType>(field: Field, flag: Flag): Field {
  const own = field.clone();
  flags.add(own, flag);
  return own;
}

/** The flag and description of a field, or of the schemas that it wraps. */
export function flagOf(field: z.ZodType): Flag & { readonly description?: string } {
  const { description } = field;
  const said = { ...flags.get(field), ...(description !== undefined && { description }) };
  const inner = innerOf(field);
  return inner === field ? said : { ...flagOf(inner), ...said };
}

const MOST_CHARACTERS = 2_000;

export const text = z.string().max(MOST_CHARACTERS);
/** A name or an id. */
export const name = flagged(text.min(1), { placeholder: 'name' });
export const hash = name.describe('hash of a value, or its beginning');
export const cursor = text.optional().describe('go on where the page before ended');

/** A `cursor` that is the index of the next page's first item. */
export const indexCursor = text
  .regex(/^\d{1,15}$/)
  .optional()
  .describe('go on where the page before ended');

/** @param most the largest page @param usual the page size by default */
export function limit(most: number, usual: number): z.ZodDefault<z.ZodInt> {
  return z.int().min(1).max(most).default(usual).describe('how many at most');
}

export const json = z.json() as z.ZodType<Json>;
// The schema is not copied by `flagged`, as it is recursive, and must contain itself.
flags.add(json, { isJson: true });

export const list = <Item extends z.ZodType>(item: Item): z.ZodReadonly<z.ZodArray<Item>> =>
  z.array(item).readonly();

export const page = <Item extends z.ZodType>(
  item: Item,
): z.ZodObject<{ items: z.ZodReadonly<z.ZodArray<Item>>; cursor: z.ZodOptional<z.ZodString> }> =>
  z.object({ items: list(item), cursor: z.string().optional() });

/** The answer of an act without further results. */
export const nothing = z.object({});

export const startedRun = z.object({ runId: z.string() });

/** A time in milliseconds since the epoch; ISO 8601 in JSON, by the field's name (see `values/answer-json.ts`). */
export const instant = z.number();

const given = z.union([z.number(), text]);

function readTime(said: z.output<typeof given>, context: z.RefinementCtx): number {
  const read = typeof said === 'number' ? said : pastTime(said, Date.now());
  if (read !== undefined && Number.isFinite(read)) return read;
  context.addIssue(`It must say ${TIME_FORMS}.`);
  return z.NEVER;
}

/** A time in milliseconds since the epoch, in ISO 8601, or as an age. */
export const time = flagged(given.transform(readTime), { placeholder: 'time' }).optional();

/** Like {@link time}, but keeps an age as a text, to be counted by the run history's clock. */
export const timeOrAge = flagged(
  given.transform((said, context) =>
    typeof said === 'string' && durationMs(said) !== undefined ? said : readTime(said, context),
  ),
  { placeholder: 'time' },
);

/**
 * A time that was asked for by {@link timeOrAge}, as milliseconds since the epoch.
 *
 * @param now the time by the clock of the run history
 */
export const timeBy = (now: number, time: z.output<typeof timeOrAge>): number =>
  typeof time === 'string' ? now - durationMs(time)! : time;

const PLACE_FORMS = `It must say ${TIME_FORMS}, a position, or beginning.`;
const place = z.union([z.strictObject({ position: text }), z.strictObject({ time: z.number() })]);

/** A place in the order of changes: `beginning`, a position (a number, or with an underscore), or a time. */
export const placeOrTime = flagged(
  z.union([text, place], PLACE_FORMS).transform((given, context) => {
    // The text is read by another machine, in whose time zone it was meant.
    if (given === 'beginning' || typeof given === 'object') return given;
    if (given.includes('_') || /^\d+$/.test(given)) return { position: given };
    const read = pastTime(given, Date.now());
    if (read !== undefined) return { time: read };
    context.addIssue(`It must say ${TIME_FORMS}.`);
    return z.NEVER;
  }),
  { placeholder: 'place' },
);

/** @param unit of a text that is only digits */
const lengthOfTime = (unit: '' | 's') =>
  flagged(
    z.union([z.number(), text]).transform((given, context) => {
      const read = durationMs(typeof given === 'string' && /^\d+$/.test(given) ? `${given}${unit}` : given);
      if (read !== undefined) return read;
      context.addIssue('It must be a length of time such as 36h or 30d (s, m, h, d, w).');
      return z.NEVER;
    }),
    { placeholder: 'time' },
  );

/** A duration in milliseconds, or as a text such as `90s`. */
export const duration = lengthOfTime('');

/** Like {@link duration}, but a text such as `90` means seconds. */
export const waitTime = lengthOfTime('s');

export const runStatus = z.enum(RUN_STATUSES);

/** Conditions on unfinished runs, all of which must hold. */
export const openRunFilters = {
  tapestry: name.optional().describe('only of this tapestry'),
  actor: name.optional().describe('only started by this actor'),
  trigger: name.optional().describe('only started by this trigger: cli, code, temporal, kafka:orders, …'),
  tag: name.optional().describe('only with this tag'),
  since: time.describe(`only begun then or later: ${TIME_FORMS}`),
  until: time.describe('only begun before that'),
};

/** Conditions on runs, all of which must hold. */
export const runFilters = {
  ...openRunFilters,
  status: runStatus.optional().describe('only of this status'),
};
