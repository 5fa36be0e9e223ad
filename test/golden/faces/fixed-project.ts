import { cpSync } from 'node:fs';
import path from 'node:path';
import { openBackends } from '../../../src/backends';
import type { Backends } from '../../../src/ports';
import { Command, makeCommandProject, runWarm, type Finished } from '../../support/command-line';
import { until } from '../../support/until';
import { Normaliser } from './normalise';
import { verbs } from './verbs';

/** Nothing of this machine, and nothing that follows from a terminal. */
export const ENVIRONMENT = {
  SELVAGE_ACTOR: 'ada',
  GITHUB_SHA: '0123456789abcdef0123456789abcdef01234567',
  TZ: 'UTC',
  NO_COLOR: '1',
  CI: 'true',
};

/** A folder with the fixed files, a worker of them, and an embedded server. */
export class FixedProject {
  readonly folder: string;
  readonly normaliser: Normaliser;
  private readonly commands: Command[] = [];
  private openedBackends: Backends | undefined;

  constructor() {
    this.folder = makeCommandProject();
    cpSync(path.join(__dirname, 'project'), this.folder, { recursive: true });
    this.normaliser = new Normaliser(this.folder);
  }

  get backends(): Backends {
    if (!this.openedBackends) throw new Error('The backends of the project are not open yet.');
    return this.openedBackends;
  }

  /** Starts a worker, and waits until it works. */
  async startWorker(): Promise<void> {
    const worker = this.begin('worker', 'pipeline.ts');
    await worker.hasWritten(/Worker of/);
    this.openedBackends = await openBackends({ projectDir: this.folder, environment: {} });
  }

  /** The address of its server. */
  async address(): Promise<string> {
    const { stdout } = await this.does('waiting');
    return /127\.0\.0\.1:\d+/.exec(stdout)![0];
  }

  begin(...words: string[]): Command {
    const command = new Command(this.folder, words, ENVIRONMENT);
    this.commands.push(command);
    return command;
  }

  async close(): Promise<void> {
    await this.openedBackends?.close();
    for (const command of this.commands) command.signal('SIGTERM');
    for (const command of this.commands) await command.finished;
  }

  async selvage(...words: string[]): Promise<Finished> {
    return await this.with({}, words);
  }

  private async with(environment: NodeJS.ProcessEnv, words: readonly string[]): Promise<Finished> {
    return await runWarm(this.folder, words, { ...ENVIRONMENT, ...environment });
  }

  /** Carries out what must work. */
  async does(...words: string[]): Promise<Finished> {
    return await this.doesWith({}, words);
  }

  async doesWith(environment: NodeJS.ProcessEnv, words: readonly string[]): Promise<Finished> {
    const finished = await this.with(environment, words);
    if (finished.code !== 0)
      throw new Error(`selvage ${words.join(' ')}: ${finished.code}\n${finished.stdout}${finished.stderr}`);
    return finished;
  }

  /** Starts a run for the worker, and waits until it has begun. */
  async start(tapestry: string, runId: string, ...words: string[]): Promise<string> {
    await this.does('run', 'pipeline.ts', '--tapestry', tapestry, '--run-id', runId, '--detach', ...words);
    await until(`run ${runId} has begun`, () => this.backends.runHistory.getRun(runId));
    return runId;
  }

  /** Starts a run, and waits until it is over. */
  async run(tapestry: string, runId: string, ...words: string[]): Promise<string> {
    await this.start(tapestry, runId, ...words);
    await this.ended(runId);
    return runId;
  }

  async ended(runId: string): Promise<void> {
    await until(`run ${runId} is over`, async () => {
      const run = await this.backends.runHistory.getRun(runId);
      return run && run.status !== 'running';
    });
  }

  /** Waits until a command shows this. */
  async shows(pattern: RegExp, ...words: string[]): Promise<void> {
    await until(`selvage ${words.join(' ')} shows ${String(pattern)}`, async () =>
      pattern.test((await this.selvage(...words)).stdout),
    );
  }

  /** What a command comes to, as it is recorded: its words, exit code and streams. */
  async command(words: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<string> {
    const { code, stdout, stderr } = await this.with(environment, words);
    const { normaliser } = this;
    const document = words.includes('--json') ? documentOf(stdout) : undefined;
    return [
      `$ selvage ${words.map((word) => (/^[\w./:=,@-]+$/.test(word) ? word : `'${word}'`)).join(' ')}`,
      `exit code ${code}`,
      ...(document ?? []).map((each) => normaliser.json(each)),
      ...(stdout === '' || document ? [] : [normaliser.text(stdout).trimEnd()]),
      ...(stderr === ''
        ? []
        : normaliser
            .text(stderr)
            .trimEnd()
            .split('\n')
            // What the SDK warns of where the machine is busy.
            .filter((line) => !line.startsWith('warn temporal: '))
            .map((line) => `stderr: ${line}`)),
      '',
    ]
      .map((line) => normaliser.text(line))
      .join('\n');
  }
}

/** A document, or one of each line; undefined for any other text. */
function documentOf(text: string): unknown[] | undefined {
  for (const parts of [[text], text.trimEnd().split('\n')])
    try {
      return parts.map((part) => JSON.parse(part) as unknown);
    } catch {
      // The next form.
    }
  return undefined;
}

/** Whether a verb has an option. */
export const hasOption = async (verb: string, option: string): Promise<boolean> =>
  (await verbs()).get(verb)!.options.some(({ long }) => long === option);
