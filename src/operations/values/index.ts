import { show } from './show';
import { uses } from './uses';

export const values = [show, uses] as const;
