import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addCacheExplain } from './explain';

export function addCache(program: Command, does: Does): void {
  const cache = program.command('cache').summary('whether and why a value was reused');
  addCacheExplain(cache, does);
}
