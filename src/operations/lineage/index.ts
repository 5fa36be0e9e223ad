import { impact } from './impact';
import { why } from './why';

export const lineage = [impact, why] as const;
