import { list } from './list';
import { show } from './show';

export const tapestries = [list, show] as const;
