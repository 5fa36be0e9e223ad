import { diff } from './diff';
import { impact } from './impact';
import { list } from './list';
import { why } from './why';

export const lineage = [diff, impact, list, why] as const;
