import { pause, remove, resume, trigger } from './acts';
import { list } from './list';

export const schedules = [list, pause, remove, resume, trigger] as const;
