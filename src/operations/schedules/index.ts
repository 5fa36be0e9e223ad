import { pause, remove, resume, trigger } from './acts';
import { list } from './list';
import { preview } from './preview';
import { show } from './show';

export const schedules = [list, show, pause, resume, trigger, remove, preview] as const;
