import { pause, resume, trigger } from './acts';

export const schedules = [pause, resume, trigger] as const;
