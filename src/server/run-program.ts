import { spawn } from 'node:child_process';

/** A program's output on both channels and, after a failure, one line about it. */
interface ProgramOutcome {
  readonly output: string;
  readonly failure?: string;
}

const KEPT_OUTPUT = 16 * 1024;

/** Runs a program, and kills it after `limitMs`, or with this process. Never rejects. */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly limitMs: number; readonly env?: NodeJS.ProcessEnv; readonly cwd?: string },
): Promise<ProgramOutcome> {
  return new Promise((resolve) => {
    const { limitMs, ...spawnOptions } = options;
    const child = spawn(program, args, { ...spawnOptions, stdio: ['ignore', 'pipe', 'pipe'] });
    const leaveNothing = (): void => void child.kill('SIGKILL');
    process.once('exit', leaveNothing);
    let output = '';
    let failure: string | undefined;
    const timer = setTimeout(() => {
      failure = `it did not end within ${limitMs / 1000} s`;
      child.kill('SIGKILL');
      // A grandchild may hold the pipes open for ever.
      child.stdout.destroy();
      child.stderr.destroy();
    }, limitMs);
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-KEPT_OUTPUT);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error: NodeJS.ErrnoException) => {
      failure ??= error.code === 'ENOENT' ? 'there is no such program' : error.message;
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      process.off('exit', leaveNothing);
      if (code === 0) resolve({ output });
      else resolve({ output, failure: failure ?? describeEnd(code, signal, output) });
    });
  });
}

function describeEnd(code: number | null, signal: string | null, output: string): string {
  const lastLine = output.trim().split('\n').at(-1) ?? '';
  const end = signal ? `it was ended by ${signal}` : `it exited with code ${code}`;
  return lastLine === '' ? end : `${end}: ${lastLine.slice(0, 300)}`;
}
