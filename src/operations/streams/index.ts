import { drain, pause, resume } from './acts';
import { list } from './list';
import { show } from './show';

export const streams = [drain, list, pause, resume, show] as const;
