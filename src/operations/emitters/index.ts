import { discard, redrive, remove, replay, resume, skip } from './acts';
import { deadLetters } from './dead-letters';
import { list } from './list';

export const emitters = [deadLetters, discard, list, redrive, remove, replay, resume, skip] as const;
