import { about } from './about';
import { find } from './find';

export const project = [about, find] as const;
