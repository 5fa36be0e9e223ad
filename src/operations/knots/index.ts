import { elements } from './elements';
import { show } from './show';

export const knots = [elements, show] as const;
