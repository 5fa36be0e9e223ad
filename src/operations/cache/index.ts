import { explain } from './explain';

export const cache = [explain] as const;
