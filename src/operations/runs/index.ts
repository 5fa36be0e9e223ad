import { waiting } from './waiting';

export const runs = [waiting] as const;
