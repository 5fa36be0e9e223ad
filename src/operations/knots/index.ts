import { elements } from './elements';
import { list } from './list';
import { show } from './show';

export const knots = [elements, list, show] as const;
