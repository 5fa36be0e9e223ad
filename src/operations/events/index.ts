import { list } from './list';
import { prune } from './prune';

export const events = [list, prune] as const;
