import { pause, resume, trigger } from './acts';
import { list } from './list';

export const schedules = [list, pause, resume, trigger] as const;
