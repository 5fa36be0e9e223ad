import { drain, pause, resume } from './acts';

export const streams = [drain, pause, resume] as const;
