export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface OutputOptions {
  /** Only one JSON document goes to stdout; everything else to stderr. */
  readonly json: boolean;
  /** Stacks of errors, and the SDK's own messages. */
  readonly verbose: boolean;
}

const CLEAR_LINE = '\r\u001b[K';

/**
 * All that a command writes. A live line, if there is one, stays below what is written. People's text goes to stdout, or to
 * stderr where stdout belongs to a JSON document.
 */
export class Output {
  private options: OutputOptions = { json: false, verbose: false };
  private liveLine: string | undefined;
  /** Whether the document is written. */
  hasDocument = false;

  constructor(
    private readonly stdout: OutputStream = process.stdout,
    private readonly stderr: OutputStream = process.stderr,
    private readonly environment: NodeJS.ProcessEnv = process.env,
  ) {}

  configure(options: Partial<OutputOptions>): void {
    this.options = { ...this.options, ...options };
  }

  get json(): boolean {
    return this.options.json;
  }

  get verbose(): boolean {
    return this.options.verbose;
  }

  /** Whether a person watches, so that a line may be rewritten in place. */
  get isLive(): boolean {
    return this.people.isTTY === true && this.environment['TERM'] !== 'dumb' && !this.environment['CI'];
  }

  get columns(): number {
    return this.people.columns ?? 80;
  }

  /** Text for people: one or more lines. */
  say(text: string): void {
    this.above(this.people, `${text}\n`);
  }

  /** Text for people that is no result: a warning, an error. */
  warn(text: string): void {
    this.above(this.stderr, `${text}\n`);
  }

  /** The result for programs; at most once in a command, with `json` only. */
  document(value: unknown): void {
    this.hasDocument = true;
    this.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  }

  raw(text: string): void {
    this.above(this.stdout, text);
  }

  rawError(text: string): void {
    this.above(this.stderr, text);
  }

  /** Replaces the live line. It is cut to the width of the terminal. */
  live(text: string): void {
    this.liveLine = text.length < this.columns ? text : `${text.slice(0, this.columns - 2)}…`;
    this.people.write(`${CLEAR_LINE}${this.liveLine}`);
  }

  /** Takes the live line away. */
  endLive(): void {
    if (this.liveLine === undefined) return;
    this.liveLine = undefined;
    this.people.write(CLEAR_LINE);
  }

  bold(text: string): string {
    return this.coloured('1', text);
  }

  dim(text: string): string {
    return this.coloured('2', text);
  }

  red(text: string): string {
    return this.coloured('31', text);
  }

  green(text: string): string {
    return this.coloured('32', text);
  }

  yellow(text: string): string {
    return this.coloured('33', text);
  }

  private get people(): OutputStream {
    return this.options.json ? this.stderr : this.stdout;
  }

  private above(stream: OutputStream, text: string): void {
    if (this.liveLine === undefined) {
      stream.write(text);
      return;
    }
    this.people.write(CLEAR_LINE);
    stream.write(text);
    this.people.write(this.liveLine);
  }

  private coloured(code: string, text: string): string {
    const wanted = this.people.isTTY === true && !this.environment['NO_COLOR'];
    return wanted ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}
