import { answerJson } from '../../values/answer-json';
import { redactText } from '../../values/redact';
import { standardError, standardOutput, styled, Terminal, type OutputStream } from '../../node/terminal';
import { EXIT } from './exit-codes';

interface OutputOptions {
  /** One JSON document on stdout, everything else on stderr. */
  readonly json: boolean;
  /** Shows stacks of errors, and the SDK's own messages. */
  readonly verbose: boolean;
  /** Turns texts for people into log lines on stderr; if omitted, texts stay unchanged. */
  readonly asLogLine?: (level: 'INFO' | 'WARN' | 'ERROR', text: string) => string;
}

/**
 * Everything that a command writes. Live lines stay below other output. Texts for people go to stdout, or to stderr
 * with `json`. Control characters are written as `\u001b`.
 */
export class Output {
  private options: OutputOptions = { json: false, verbose: false };
  private liveLine: string | undefined;
  private liveBlock: readonly string[] | undefined;
  private readonly stdout: Terminal;
  private readonly stderr: Terminal;
  hasDocument = false;

  constructor(
    stdout: OutputStream = standardOutput(),
    stderr: OutputStream = standardError(),
    private readonly environment: NodeJS.ProcessEnv = process.env,
  ) {
    this.stdout = new Terminal(stdout);
    this.stderr = new Terminal(stderr);
  }

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
    return this.people.isTTY && this.environment['TERM'] !== 'dumb' && !this.environment['CI'];
  }

  /** A text for people: one or more lines. */
  say(text: string): void {
    const line = this.options.asLogLine?.('INFO', text);
    if (line === undefined) this.above(this.people, `${text}\n`);
    else this.logLine(line);
  }

  /** A text for people that is not a result: a warning, an error. */
  warn(text: string): void {
    this.logLine(this.options.asLogLine?.('WARN', text) ?? text);
  }

  error(text: string): void {
    this.logLine(this.errorText(text));
  }

  /** @param text follows the word `error` */
  errorText(text: string): string {
    const shown = redactText(text);
    return this.options.asLogLine?.('ERROR', shown) ?? `${this.red('error')} ${shown}`;
  }

  logLine(line: string): void {
    this.above(this.stderr, `${line}\n`);
  }

  /** The result for programs, with `json` only; at most once per command. */
  document(value: unknown): void {
    this.hasDocument = true;
    this.stdout.write(`${JSON.stringify(answerJson(value), null, 2)}\n`);
  }

  /** Ends a successful command: with `json` by its document, else by a text. Returns the exit code. */
  finish(document: unknown, text?: () => string): number {
    if (!this.json && text) this.say(text());
    return this.conclude(EXIT.ok, document);
  }

  /** Ends a command that has said everything to people: with `json` by its document. Returns the exit code. */
  conclude(exitCode: number, document: unknown): number {
    if (this.json) this.document(document);
    return exitCode;
  }

  /** One of several documents, with `json` only. */
  documentLine(value: unknown): void {
    this.hasDocument = true;
    this.stdout.write(`${JSON.stringify(answerJson(value))}\n`);
  }

  get columns(): number {
    return this.people.columns;
  }

  get rows(): number {
    return this.people.rows;
  }

  raw(text: string): void {
    this.above(this.stdout, text);
  }

  rawError(text: string): void {
    this.above(this.stderr, text);
  }

  /** Replaces the live line, cut to the terminal's width. */
  live(text: string): void {
    this.liveLine = text;
    this.people.writeLine(text);
  }

  /** Replaces the live lines. No live line may be wider than the terminal. */
  liveLines(lines: readonly string[]): void {
    this.liveBlock = lines;
    this.people.writeBlock(lines);
  }

  endLive(): void {
    if (this.liveBlock) this.people.writeBlock([]);
    this.liveBlock = undefined;
    if (this.liveLine === undefined) return;
    this.liveLine = undefined;
    this.people.writeLine('');
  }

  readonly bold = (text: string): string => this.coloured('1', text);
  readonly dim = (text: string): string => this.coloured('2', text);
  readonly red = (text: string): string => this.coloured('31', text);
  readonly green = (text: string): string => this.coloured('32', text);
  readonly yellow = (text: string): string => this.coloured('33', text);

  private get people(): Terminal {
    return this.options.json ? this.stderr : this.stdout;
  }

  private above(stream: Terminal, text: string): void {
    if (this.liveBlock) {
      this.people.writeBlock([]);
      stream.write(text);
      this.people.writeBlock(this.liveBlock);
      return;
    }
    if (this.liveLine === undefined) {
      stream.write(text);
      return;
    }
    this.people.writeLine('');
    stream.write(text);
    this.people.writeLine(this.liveLine);
  }

  private coloured(code: string, text: string): string {
    const wanted = this.people.isTTY && !this.environment['NO_COLOR'];
    return wanted ? styled(code, text) : text;
  }
}
