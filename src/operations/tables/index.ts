import { diff } from './diff';
import { show } from './show';

export const tables = [diff, show] as const;
