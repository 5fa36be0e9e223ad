import { list } from './list';

export const workers = [list] as const;
