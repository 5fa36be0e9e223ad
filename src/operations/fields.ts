import { z } from 'zod';
import { RUN_STATUSES } from '../authoring/outcome';
import { durationMs } from '../values/duration';
import { pastTime, TIME_FORMS } from '../values/past-time';
import type { Json } from '../values';
import { innerOf } from './flat';

/** What the command line calls a field, and what stands for its value there. Default: the name of the field. */
interface Flag {
  readonly flag?: string;
  readonly placeholder?: string;
  /** Whether the items of a list are given in one text. Default false. */
  readonly isByComma?: true;
  /** Its text is JSON; `-` stands for the standard input. */
  readonly isJson?: true;
}

const flags = z.registry<Flag>();

/** The field with what the command line calls it. What it is made of goes by its own name elsewhere. */
export function flagged<Field extends z.ZodType>(field: Field, flag: Flag): Field {
  const own = field.clone();
  flags.add(own, flag);
  return own;
}

/** What is said of a field, by its schema or by that within. */
export function flagOf(field: z.ZodType): Flag & { readonly description?: string } {
  const { description } = field;
  const said = { ...flags.get(field), ...(description !== undefined && { description }) };
  const inner = innerOf(field);
  return inner === field ? said : { ...flagOf(inner), ...said };
}

/** A longer text is no name of anything. */
const MOST_CHARACTERS = 2_000;

export const text = z.string().max(MOST_CHARACTERS);
/** A name or an id. */
export const name = flagged(text.min(1), { placeholder: 'name' });
export const hash = name.describe('hash of a value, or its beginning');
/** Where to go on: the `cursor` of the page before. */
export const cursor = text.optional().describe('go on where the page before ended');

/** A `cursor` that is the index at which the next page begins. */
export const indexCursor = text
  .regex(/^\d{1,15}$/)
  .optional()
  .describe('go on where the page before ended');

/** @param most the largest page @param usual the page of an ask that says nothing */
export function limit(most: number, usual: number): z.ZodDefault<z.ZodInt> {
  return z.int().min(1).max(most).default(usual).describe('how many at most');
}

export const json = z.json() as z.ZodType<Json>;
// Not a clone, of which it would be a part: it is defined by itself.
flags.add(json, { isJson: true });

/** A list of an answer, which nobody changes. */
export const list = <Item extends z.ZodType>(item: Item): z.ZodReadonly<z.ZodArray<Item>> =>
  z.array(item).readonly();

/** The answer of a list that is told a page at a time. */
export const page = <Item extends z.ZodType>(
  item: Item,
): z.ZodObject<{ items: z.ZodReadonly<z.ZodArray<Item>>; cursor: z.ZodOptional<z.ZodString> }> =>
  z.object({ items: list(item), cursor: z.string().optional() });

/** The answer of an act that has no more to tell than that it was done. */
export const nothing = z.object({});

/** The answer of an act that has started a run. */
export const startedRun = z.object({ runId: z.string() });

/** A time of an answer: milliseconds since the epoch in TypeScript, ISO 8601 in JSON. Its name says that it is one, see `values/answer-json.ts`. */
export const instant = z.number();

const given = z.union([z.number(), text]);

function readTime(said: z.output<typeof given>, context: z.RefinementCtx): number {
  const read = typeof said === 'number' ? said : pastTime(said, Date.now());
  if (read !== undefined && Number.isFinite(read)) return read;
  context.addIssue(`It must say ${TIME_FORMS}.`);
  return z.NEVER;
}

/** A time that is asked for, as milliseconds since the epoch: given so, in ISO 8601, or as so long ago. */
export const time = flagged(given.transform(readTime), { placeholder: 'time' }).optional();

/** Like {@link time}, but what is so long ago stays a text: whoever answers counts it by the clock of the run history. */
export const timeOrAge = flagged(
  given.transform((said, context) =>
    typeof said === 'string' && durationMs(said) !== undefined ? said : readTime(said, context),
  ),
  { placeholder: 'time' },
);

const PLACE_FORMS = `It must say ${TIME_FORMS}, a position, or beginning.`;
const place = z.union([z.strictObject({ position: text }), z.strictObject({ time: z.number() })]);

/** A place in the order of changes: `beginning`, a position, or a time. Positions have an underscore or are numbers; times are neither. */
export const placeOrTime = flagged(
  z.union([text, place], PLACE_FORMS).transform((given, context) => {
    // As a machine elsewhere has read it, in whose zone times without a zone are meant.
    if (given === 'beginning' || typeof given === 'object') return given;
    if (given.includes('_') || /^\d+$/.test(given)) return { position: given };
    const read = pastTime(given, Date.now());
    if (read !== undefined) return { time: read };
    context.addIssue(`It must say ${TIME_FORMS}.`);
    return z.NEVER;
  }),
  { placeholder: 'place' },
);

/** @param unit of a text of digits alone */
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

/** A length of time, as milliseconds: given so, or as a text such as `90s`. */
export const duration = lengthOfTime('');

/** How long something waits: as {@link duration}, and a text such as `90` is seconds. */
export const waitTime = lengthOfTime('s');

export const runStatus = z.enum(RUN_STATUSES);

/** Which unfinished runs are asked about. All that are given must hold. */
export const openRunFilters = {
  tapestry: name.optional().describe('only of this tapestry'),
  actor: name.optional().describe('only started by this actor'),
  trigger: name.optional().describe('only started by this trigger: cli, code, temporal, kafka:orders, …'),
  tag: name.optional().describe('only with this tag'),
  since: time.describe(`only begun then or later: ${TIME_FORMS}`),
  until: time.describe('only begun before that'),
};

/** Which runs are asked about. All that are given must hold. */
export const runFilters = {
  ...openRunFilters,
  status: runStatus.optional().describe('only of this status'),
};
