import { z } from 'zod';
import { lineageRecordSchema } from '../../ports';
import { camelCase, type CamelCased } from '../../values/answer-json';

const { shape } = lineageRecordSchema;

export const recordView = z.object(
  Object.fromEntries(
    Object.entries(shape).map(([column, schema]) => [camelCase(column), schema]),
  ) as CamelCased<typeof shape>,
);
export type RecordView = z.output<typeof recordView>;
