import { find } from './find';

export const project = [find] as const;
