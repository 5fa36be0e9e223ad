import { list } from './list';

export const approvals = [list] as const;
