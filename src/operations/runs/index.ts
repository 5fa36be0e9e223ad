import { compare } from './compare';
import { explain } from './explain';
import { grid } from './grid';
import { list } from './list';
import { show } from './show';
import { waiting } from './waiting';

export const runs = [compare, explain, grid, list, show, waiting] as const;
