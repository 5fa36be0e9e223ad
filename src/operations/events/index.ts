import { list } from './list';

export const events = [list] as const;
