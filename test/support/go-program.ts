import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { missing } from './missing-tool';

/** Why no Go program can be built here; undefined if one can. */
export const lacksGo = missing('Go', () => execFileSync('go', ['version'], { stdio: 'ignore' }));

/**
 * Builds the body host of the examples.
 *
 * @param folder the folder for the program
 * @param tags `suite` adds the bodies for the suite of body hosts
 * @returns the path of the program
 */
export function buildGoHost(folder: string, ...tags: string[]): string {
  const program = path.join(folder, 'body-host-go');
  execFileSync('go', ['build', '-tags', tags.join(','), '-o', program, '.'], {
    cwd: path.join(__dirname, '../../examples/body-host-go'),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return program;
}
