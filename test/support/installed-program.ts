import { spawnSync } from 'node:child_process';
import path from 'node:path';

const UNAVAILABLE = 4;
/** Longer than the limits of the programs in scripts/services, which download up to 124 MB. */
const LIMIT_MS = 3_600_000;

/** A program for tests, which scripts/services finds or installs. */
export class InstalledProgram {
  #found: { readonly path: string } | { readonly missing: string } | undefined;

  /** @param words a file of scripts/services, and its arguments */
  constructor(private readonly words: readonly [script: string, ...rest: string[]]) {}

  /** Throws if the program is not available here. */
  get path(): string {
    const found = this.#find();
    if ('missing' in found) throw new Error(found.missing);
    return found.path;
  }

  /** `describe`, skipped with the reason if the program is not available. With `CI=true`, it must be. */
  describe(): typeof describe | typeof describe.skip {
    const found = this.#find();
    if ('path' in found) return describe;
    if (process.env['CI'] === 'true') throw new Error(found.missing);
    const file = path.relative(process.cwd(), expect.getState().testPath ?? '');
    process.stderr.write(`SKIPPED: tests of ${file}: ${found.missing}\n`);
    return describe.skip;
  }

  #find(): { readonly path: string } | { readonly missing: string } {
    if (this.#found) return this.#found;
    const [script, ...rest] = this.words;
    const program = path.resolve(__dirname, '../../scripts/services', script);
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...rest], {
      encoding: 'utf8',
      timeout: LIMIT_MS,
    });
    if (status === 0) return (this.#found = { path: stdout.trim() });
    if (status === UNAVAILABLE) return (this.#found = { missing: stderr.trim() });
    throw new Error(`The search for ${this.words.join(' ')} failed (${status}): ${stderr}`);
  }
}
