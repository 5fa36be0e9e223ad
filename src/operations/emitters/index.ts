import { redrive, replay, resume } from './acts';

export const emitters = [redrive, replay, resume] as const;
