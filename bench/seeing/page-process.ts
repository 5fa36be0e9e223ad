import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { EmbeddedServer } from 'selvage/server';
import type { AnswerOf, AskOf, OperationName } from '../../src/operations';
import { requestOf } from '../../src/operations/request';
import { fromAnswerJson } from '../../src/values/answer-json';

const ROOT = path.join(__dirname, '..', '..');
const COMMAND = path.join(ROOT, 'lib', 'cli', 'main.js');

/** A command that goes on until it is ended. */
export class CommandProcess {
  private said = '';

  private constructor(private readonly process: ChildProcess) {
    for (const stream of [process.stdout!, process.stderr!])
      stream.on('data', (data: Buffer) => (this.said += data.toString()));
  }

  static start(folder: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): CommandProcess {
    return new CommandProcess(
      spawn(process.execPath, [COMMAND, ...args], {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, NO_COLOR: '1', ...environment },
      }),
    );
  }

  /** Resolves with the match as soon as the command has said something like this. */
  async hears(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.said);
      if (match) return match;
      if (this.process.exitCode !== null) throw new Error(`The command has ended:\n${this.said}`);
      await Promise.race([
        once(this.process.stdout!, 'data'),
        once(this.process.stderr!, 'data'),
        once(this.process, 'exit'),
      ]);
    }
  }

  /** The origin of the page that the command serves. */
  async origin(): Promise<string> {
    return new URL((await this.hears(/^Page (\S+)/m))[1]!).origin;
  }

  async end(): Promise<void> {
    if (this.process.exitCode !== null) return;
    this.process.kill('SIGTERM');
    await once(this.process, 'exit');
  }
}

/** Ends the embedded server of a project, which otherwise stays for a while after its last user. */
export async function endServer(folder: string): Promise<void> {
  const server = await EmbeddedServer.acquire({ projectDir: folder });
  await server.release({ wait: true });
}

export async function asked<Name extends OperationName>(
  origin: string,
  question: Name,
  ask: AskOf<Name>,
): Promise<AnswerOf<Name>> {
  const response = await fetch(`${origin}/api/v1/${requestOf(question, ask).path}`);
  if (!response.ok) throw new Error(`${question}: ${response.status} ${await response.text()}`);
  return fromAnswerJson(await response.json()) as AnswerOf<Name>;
}
