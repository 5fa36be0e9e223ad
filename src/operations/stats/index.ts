import { show } from './show';

export const stats = [show] as const;
