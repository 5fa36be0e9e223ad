import { readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { run } from './run-program';

const LSOF_LIMIT_MS = 10_000;

/** As far as this user sees them: by /proc on Linux, by `lsof` elsewhere. Empty on Windows. */
export async function openersOf(files: readonly string[]): Promise<number[]> {
  const real = new Set(files.flatMap(existing));
  if (real.size === 0) return [];
  const pids = process.platform === 'linux' ? fromProc(real) : await fromLsof([...real]);
  return pids.filter((pid) => pid !== process.pid);
}

function existing(file: string): string[] {
  try {
    return [realpathSync(file)];
  } catch {
    return [];
  }
}

function fromProc(files: ReadonlySet<string>): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && openFilesOf(pid).some((target) => files.has(target)));
}

/** Empty for other users' processes, and for ended ones. */
function openFilesOf(pid: number): string[] {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).flatMap((descriptor) => {
      try {
        return [readlinkSync(`${folder}/${descriptor}`)];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

async function fromLsof(files: readonly string[]): Promise<number[]> {
  const { output } = await run('lsof', ['-t', '--', ...files], { limitMs: LSOF_LIMIT_MS });
  return [...output.matchAll(/^\d+$/gm)].map(Number);
}
