import { backfill } from './backfill';
import { previewBackfill } from './preview-backfill';

export const partitions = [backfill, previewBackfill] as const;
