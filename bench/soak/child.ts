import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

type Question<Questions> = keyof Questions & string;

interface Asked {
  readonly question: string;
}

type Answered = { readonly answer: unknown } | { readonly failure: string };

/** A program that this process started and asks one thing at a time. */
export class Child<Questions extends Record<keyof Questions, unknown>> {
  private constructor(
    private readonly name: string,
    private readonly process: ChildProcess,
  ) {}

  /** Starts `NAME.process.ts` with `options` and waits until it answers. */
  static async start<Questions extends Record<keyof Questions, unknown>>(
    name: string,
    options: object,
  ): Promise<Child<Questions>> {
    const process = fork(path.join(__dirname, `${name}.process.ts`), [JSON.stringify(options)]);
    const child = new Child<Questions>(name, process);
    await child.hear();
    return child;
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** @throws Error if the process ends instead, or says that it cannot */
  async ask<Q extends Question<Questions>>(question: Q): Promise<Questions[Q]> {
    const answer = this.hear();
    this.process.send({ question } satisfies Asked);
    return (await answer) as Questions[Q];
  }

  /** Lets it end, after the answer to `stop`. */
  async stop(this: Child<Questions & { stop: unknown }>): Promise<void> {
    const exited = once(this.process, 'exit');
    await this.ask('stop');
    await exited;
  }

  kill(): void {
    this.process.kill('SIGKILL');
  }

  private async hear(): Promise<unknown> {
    const heard = new AbortController();
    try {
      const { signal } = heard;
      const [answered] = (await Promise.race([
        once(this.process, 'message', { signal }),
        once(this.process, 'exit', { signal }).then(([code]) => {
          throw new Error(`The ${this.name} ended by itself (exit code ${String(code)}).`);
        }),
      ])) as [Answered];
      if ('failure' in answered) throw new Error(`The ${this.name} failed: ${answered.failure}`);
      return answered.answer;
    } finally {
      heard.abort();
    }
  }
}

/** In the started program: says that it is ready, and answers until it has been asked to `stop`. */
export function answering(answers: Record<string, () => unknown>): void {
  const say = (answered: Answered): boolean => process.send!(answered);
  process.on('message', ({ question }: Asked) => {
    Promise.resolve()
      .then(() => answers[question]!())
      .then(
        (answer) => {
          say({ answer });
          if (question === 'stop') process.disconnect();
        },
        (error: Error) => say({ failure: error.stack ?? error.message }),
      );
  });
  say({ answer: 'ready' });
}
