import { SelvageError, type ErrorCode } from '../errors';
import type { SourceFile } from './source-file';

/** A mistake in a document, with its position. */
export interface PipelineProblem {
  readonly code: ErrorCode;
  /** Sub-code, for codes of several mistakes. */
  readonly reason?: string;
  readonly message: string;
  /** As given; `<text>` for a text without a file. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Column from 1, in UTF-16 units. */
  readonly column: number;
  /** The position just after the end. */
  readonly endLine: number;
  readonly endColumn: number;
  /** The right content for this place. */
  readonly expected?: string;
  /** The name that was most likely meant. */
  readonly suggestion?: string;
}

/** Offsets of the beginning and just after the end. */
export type Range = readonly [start: number, end: number];

export type Finding = Pick<PipelineProblem, 'code' | 'reason' | 'message' | 'expected' | 'suggestion'>;

/** Further problems are only counted: one mistake may be in many nodes. */
const MOST_KEPT = 1_000;
const MOST_SHOWN = 50;

export class Problems {
  private readonly kept: (PipelineProblem & { readonly range: Range })[] = [];
  private readonly seen = new Set<string>();
  private readonly consequences = new Set<ErrorCode>();
  #more = 0;

  constructor(private readonly source: SourceFile) {}

  get any(): boolean {
    return this.kept.length > 0;
  }

  /** Problems beside {@link list}. */
  get more(): number {
    return this.#more;
  }

  /** Suppresses problems of this code, as they may follow from a reported one. */
  leaveOut(code: ErrorCode): void {
    this.consequences.add(code);
  }

  add(range: Range, { code, reason, message, expected, suggestion }: Finding): void {
    if (this.consequences.has(code)) return;
    // Two checks may find the same mistake, which is kept once.
    const key = `${range[0]}:${code}:${message}`;
    if (this.seen.has(key)) return;
    this.seen.add(key);
    if (this.kept.length >= MOST_KEPT) {
      this.#more++;
      return;
    }
    const start = this.source.positionOf(range[0]);
    const end = this.source.positionOf(Math.max(range[0], range[1]));
    this.kept.push({
      code,
      ...(reason !== undefined && { reason }),
      message,
      file: this.source.name,
      ...start,
      endLine: end.line,
      endColumn: end.column,
      ...(expected !== undefined && { expected }),
      ...(suggestion !== undefined && { suggestion }),
      range,
    });
  }

  /**
   * Adds a problem that may follow from another, unless one is known in `whole`: at this position or, without one,
   * anywhere in the problem's subject.
   */
  addUnlessKnown(range: Range, finding: Finding, whole: Range = range): void {
    if (!this.kept.some(({ range: [start, end] }) => start <= whole[1] && whole[0] <= end))
      this.add(range, finding);
  }

  /** Whether problems at this place make its value unreliable. */
  isDamaged([start, end]: Range): boolean {
    return this.kept.some(
      ({ code, range }) => code.startsWith('Yaml') && range[0] <= end && start <= range[1],
    );
  }

  /** The problems in the order of the text. */
  list(): PipelineProblem[] {
    return this.ordered().map(({ range: _range, ...problem }) => problem);
  }

  /** Throws `InvalidPipeline` if there are problems. */
  throwIfAny(): void {
    if (!this.any) return;
    const ordered = this.ordered();
    const total = ordered.length + this.more;
    const shown = ordered.slice(0, MOST_SHOWN).map(({ range, ...problem }) => this.describe(problem, range));
    if (total > shown.length) shown.push(`… and ${total - shown.length} more`);
    throw new SelvageError(
      'InvalidPipeline',
      `${this.source.name} has ${total === 1 ? 'an error' : `${total} errors`}.\n${shown.join('\n')}`,
      { details: { file: this.source.name, problems: this.list(), more: this.more } },
    );
  }

  private ordered(): (PipelineProblem & { readonly range: Range })[] {
    return [...this.kept].sort((a, b) => a.range[0] - b.range[0] || a.range[1] - b.range[1]);
  }

  private describe(problem: PipelineProblem, range: Range): string {
    const { file, line, column, code, message, expected } = problem;
    return [
      `${file}:${line}:${column}: error ${code}: ${message}`,
      ...this.source.excerpt(range),
      ...(expected === undefined ? [] : [`  = expected: ${expected}`]),
    ].join('\n');
  }
}
