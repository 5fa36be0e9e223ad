import { deadLetters } from './dead-letters';
import { list } from './list';

export const triggers = [deadLetters, list] as const;
