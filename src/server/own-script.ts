import path from 'node:path';

/** Arguments for Node to run TypeScript with tsx in a checkout, or JavaScript in the published package. */
export function ownScript(folder: string, name: string): string[] {
  const extension = path.extname(__filename);
  const file = path.join(folder, name + extension);
  return extension === '.ts' ? ['--require', require.resolve('tsx/cjs'), file] : [file];
}
