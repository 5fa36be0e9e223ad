import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import path from 'node:path';

import { build, type Plugin } from 'esbuild';

const ROOT = path.join(__dirname, '../../..');

type ProgramName = 'worker' | 'client';

export interface Programs {
  file(name: ProgramName): string;
  remove(): Promise<void>;
}

/** What starts threads and processes finds its programs from where its source is. */
const whereItStands: Plugin = {
  name: 'where it stands',
  setup({ onLoad }) {
    onLoad({ filter: /src[\\/]body-hosts[\\/].*\.ts$/ }, async ({ path: file }) => {
      const text = await readFile(file, 'utf8');
      const folder = JSON.stringify(path.dirname(file));
      return { loader: 'ts', contents: text.replaceAll('__dirname', () => folder) };
    });
  },
};

/**
 * The programs of the campaign as one JavaScript file each: a process that is to be killed thousands of times should not
 * spend a second on compiling first. Packages are left outside, and found from where the files are.
 */
export async function bundlePrograms(): Promise<Programs> {
  const cache = path.join(ROOT, 'node_modules', '.cache', 'selvage');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(path.join(cache, 'crash-'));
  const names: readonly ProgramName[] = ['worker', 'client'];
  await build({
    entryPoints: names.map((name) => path.join(__dirname, `${name}.process.ts`)),
    outdir: folder,
    bundle: true,
    platform: 'node',
    packages: 'external',
    target: 'node20',
    logLevel: 'error',
    plugins: [whereItStands],
  });
  return {
    file: (name) => path.join(folder, `${name}.process.js`),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
