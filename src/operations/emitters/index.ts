import { redrive, replay, resume } from './acts';
import { deadLetters } from './dead-letters';
import { list } from './list';

export const emitters = [deadLetters, list, redrive, replay, resume] as const;
