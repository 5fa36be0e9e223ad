import { list } from './list';

export const versions = [list] as const;
