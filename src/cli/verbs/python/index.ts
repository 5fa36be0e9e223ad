import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addPythonTypes } from './types';

export function addPython(program: Command, does: Does): void {
  const python = program
    .command('python')
    .summary('write definitions for bodies in Python')
    .description('Does what bodies in Python need before a tapestry can place them.')
    .addHelpText('after', '\nExample:\n  $ selvage python types shop.models --out src/shop.ts');
  addPythonTypes(python, does);
}
