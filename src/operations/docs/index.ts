import { search } from './search';

export const docs = [search] as const;
