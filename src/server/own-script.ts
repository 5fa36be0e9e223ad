import path from 'node:path';

/**
 * The arguments with which Node runs a module of `folder` as a program. In a checkout the module is TypeScript, which tsx compiles; in the
 * published package it is JavaScript.
 */
export function ownScript(folder: string, name: string): string[] {
  const extension = path.extname(__filename);
  const file = path.join(folder, name + extension);
  return extension === '.ts' ? ['--require', require.resolve('tsx/cjs'), file] : [file];
}
