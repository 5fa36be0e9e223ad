import { backfill } from './backfill';
import { list } from './list';
import { previewBackfill } from './preview-backfill';

export const partitions = [backfill, list, previewBackfill] as const;
