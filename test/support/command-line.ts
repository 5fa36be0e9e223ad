import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeProject } from '../integration/server/projects';
import { until } from './until';

const root = path.resolve(__dirname, '../..');

interface CommandOptions {
  /** Starts it by a shell that gets the signals and passes none on, as npm does. Default: false. */
  readonly shell?: boolean;
  /** The folder of the package. Default: this one. */
  readonly packageDir?: string;
  /** The words of a program that starts it. */
  readonly behind?: readonly string[];
}

/** The results of a command that has ended. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built command line in its own process, as users run it. */
export class Command {
  stdout = '';
  stderr = '';
  readonly finished: Promise<Finished>;
  private readonly child: ChildProcess;

  constructor(
    project: string,
    args: readonly string[],
    environment: NodeJS.ProcessEnv = {},
    { shell = false, behind = [], packageDir = root }: CommandOptions = {},
  ) {
    const main = path.join(packageDir, 'lib', 'cli', 'main.js');
    if (!existsSync(main)) throw new Error(`${main} is missing: run \`npm run build\` first.`);
    const words = [...behind, process.execPath, main, ...args];
    const [program, ...rest] = shell ? ['sh', '-c', `'${words.join("' '")}'; exit $?`] : words;
    this.child = spawn(program!, rest, {
      cwd: project,
      env: { ...ownEnvironment(), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.finished = once(this.child, 'close').then(([code]: (number | null)[]) => ({
      code: code ?? null,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Waits until the command has written matching text to either stream. */
  async hasWritten(pattern: RegExp): Promise<RegExpExecArray> {
    let hasEnded = false;
    void this.finished.then(() => (hasEnded = true));
    return await until(`the command writes ${String(pattern)}`, () => {
      const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
      if (!match && hasEnded) throw new Error(`It ended without: ${this.stdout}${this.stderr}`);
      return match;
    });
  }

  /** Further output is not read. */
  stopReading(): void {
    this.child.stdout!.destroy();
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

/** Runs a command to its end, in its own process. */
export async function runCommand(
  project: string,
  args: readonly string[],
  environment?: NodeJS.ProcessEnv,
  options?: CommandOptions,
): Promise<Finished> {
  return await new Command(project, args, environment, options).finished;
}

const warm = new Map<string, ChildProcess>();
let asked = 0;
afterAll(async () => {
  for (const child of warm.values()) {
    if (child.exitCode !== null) continue;
    const ended = once(child, 'exit');
    child.disconnect();
    await ended;
  }
});

/**
 * Runs a command to its end in a process that runs commands one after the other, which saves a second of loading. Tests
 * of the process itself, such as of signals, the end of a body or the SDK's output, need {@link runCommand}.
 */
export async function runWarm(
  project: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  { packageDir = root }: Pick<CommandOptions, 'packageDir'> = {},
): Promise<Finished> {
  const child =
    warm.get(packageDir) ?? fork(path.join(__dirname, 'warm-commands.js'), [packageDir], { execArgv: [] });
  warm.set(packageDir, child);
  const id = asked++;
  const answer = new Promise<Finished>((resolve, reject) => {
    const ended = (): void => reject(new Error('The process of the commands has ended.'));
    const heard = ({ id: of, ...finished }: Finished & { id: number }): void => {
      if (of !== id) return;
      child.off('message', heard).off('exit', ended);
      resolve(finished);
    };
    child.on('message', heard).once('exit', ended);
  });
  child.send({ id, project, args, environment: { ...ownEnvironment(), ...environment } });
  return await answer;
}

/** A new project folder with these files, which can import `selvage` from this folder, and `zod`. */
export function makeCommandProject(files: Readonly<Record<string, string>> = {}, packageDir = root): string {
  const project = makeProject();
  mkdirSync(path.join(project, 'node_modules'));
  symlinkSync(packageDir, path.join(project, 'node_modules', 'selvage'), 'dir');
  symlinkSync(path.join(root, 'node_modules', 'zod'), path.join(project, 'node_modules', 'zod'), 'dir');
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(project, name), text);
  return project;
}

/** Without variables that name a server or change the output, except for the program of the embedded server. */
export function ownEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      name === 'SELVAGE_TEMPORAL_CLI' ||
      !/^(?:npm_|TEMPORAL_|SELVAGE_|NODE_OPTIONS$|FORCE_COLOR$)/i.test(name),
  );
  return Object.fromEntries(kept);
}

/** Begins commands, and kills the ones that a failed test leaves. To be called where hooks are declared. */
export function beginsCommands(): (...words: ConstructorParameters<typeof Command>) => Command {
  const begun: Command[] = [];
  afterEach(async () => {
    for (const command of begun.splice(0)) {
      command.signal('SIGKILL');
      await command.finished;
    }
  });
  return (...words) => {
    const command = new Command(...words);
    begun.push(command);
    return command;
  };
}
