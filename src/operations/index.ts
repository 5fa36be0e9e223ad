import type { z } from 'zod';
import type { Act, Question } from './operation';
import { list as approvals } from './approvals/list';
import { cache } from './cache';
import { search as docs } from './docs/search';
import { emitters } from './emitters';
import { events } from './events';
import { knots } from './knots';
import { lineage } from './lineage';
import { partitions } from './partitions';
import { project } from './project';
import { runs } from './runs';
import { schedules } from './schedules';
import { show as stats } from './stats/show';
import { streams } from './streams';
import { tables } from './tables';
import { tapestries } from './tapestries';
import { triggers } from './triggers';
import { values } from './values';
import { list as versions } from './versions/list';
import { list as workers } from './workers/list';

/** All operations; every face is made from them. */
export const OPERATIONS = [
  approvals,
  ...cache,
  docs,
  ...emitters,
  ...events,
  ...knots,
  ...lineage,
  ...partitions,
  ...project,
  ...runs,
  ...schedules,
  stats,
  ...streams,
  ...tables,
  ...tapestries,
  ...triggers,
  ...values,
  versions,
  workers,
] as const;

type Table = { readonly [One in (typeof OPERATIONS)[number] as One['name']]: One };

export type OperationName = keyof Table;
export type QuestionName = (typeof OPERATIONS)[number] extends infer One
  ? One extends Question<infer Name>
    ? Name
    : never
  : never;
export type ActName = (typeof OPERATIONS)[number] extends infer One
  ? One extends Act<infer Name>
    ? Name
    : never
  : never;
/** The ask of an operation, before defaults apply. */
export type AskOf<Name extends OperationName> = z.input<Table[Name]['ask']>;
export type AnswerOf<Name extends OperationName> = z.output<Table[Name]['answer']>;

/** The operations by name, such as `runs.waiting`. */
export const BY_NAME: ReadonlyMap<string, (typeof OPERATIONS)[number]> = new Map(
  OPERATIONS.map((one) => [one.name, one]),
);
