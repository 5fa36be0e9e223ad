import { about } from './about';
import { find } from './find';
import { overview } from './overview';

export const project = [about, find, overview] as const;
