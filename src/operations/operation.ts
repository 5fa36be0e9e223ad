import type { z } from 'zod';
import type { Surroundings } from './surroundings';

/** The groups of `selvage --help`. */
export type Group = 'write' | 'start' | 'see' | 'operate' | 'data';

/**
 * What an operation cannot do without. `records`: a run history that exists. `changes`: one that keeps the order of its changes. `server`:
 * the Temporal server.
 */
export type Need = 'records' | 'changes' | 'server';

/** What is said of an operation, once for all faces. */
interface Definition<Name extends string, Ask extends z.ZodObject, Answer extends z.ZodType> {
  /** `noun.verb`: `selvage.noun.verb(…)` in TypeScript, `/api/v1/noun/verb` over HTTP. */
  readonly name: Name;
  /** What the command line calls it. Default: noun and verb. */
  readonly verb?: string;
  /** One line, beginning in lower case and without a full stop. */
  readonly summary: string;
  readonly description?: string;
  readonly group: Group;
  readonly ask: Ask;
  readonly answer: Answer;
  /** Fields that are given by place in TypeScript and on the command line, in this order. */
  readonly at?: readonly (keyof z.output<Ask> & string)[];
  readonly examples?: readonly z.input<Ask>[];
  /** Whether assistants are offered it, over MCP. Default false. */
  readonly isTool?: true;
  /** Default: records. Empty: it is answered without a project. */
  readonly needs?: readonly Need[];
  /** Whether the server knows more of it than the records tell. Default false. */
  readonly asksServer?: true;
  /** Whether a capsule can be asked, too. Default false. */
  readonly readsCapsules?: true;
  /** Whether files that `selvage history export` has written can be asked, too. Default false. */
  readonly readsParquet?: true;
  /** Whether it is about a `tapestry` of the file of this process, which the command line is given. Default false. */
  readonly readsFile?: true;
  /** Whether it answers what is in values, which a token needs the scope `values` for. Default false. */
  readonly readsValues?: true;
  /**
   * Fields of the answer that whoever may see secrets gets as they are; `true`: all of it. All other texts are redacted for everybody.
   */
  readonly inFull?: true | readonly (keyof z.output<Answer> & string)[];
}

type Run<Ask extends z.ZodObject, Answer extends z.ZodType> = (
  of: Surroundings,
  ask: z.output<Ask>,
) => z.output<Answer> | Promise<z.output<Answer>>;

/** Reads and changes nothing. */
export interface Question<
  Name extends string = string,
  Ask extends z.ZodObject = z.ZodObject,
  Answer extends z.ZodType = z.ZodType,
> extends Definition<Name, Ask, Answer> {
  readonly kind: 'question';
  readonly run: Run<Ask, Answer>;
}

/** Changes something. */
export interface Act<
  Name extends string = string,
  Ask extends z.ZodObject = z.ZodObject,
  Answer extends z.ZodType = z.ZodType,
> extends Definition<Name, Ask, Answer> {
  readonly kind: 'act';
  /**
   * What it means to ask for it twice. `same`: what once means, as for a cancellation. `again`: it is done once more. `key`: not if both asks
   * have the same text in this field; over HTTP, that of the header `Idempotency-Key`.
   */
  readonly repeat: 'same' | 'again' | { readonly key: keyof z.output<Ask> & string };
  /** What a person is asked before it is done. Default: nothing. */
  readonly confirm?: (ask: z.output<Ask>) => string;
  readonly run: Run<Ask, Answer>;
}

/** Any operation. Its types are lost: only `invoke`, which parses the ask, may call its `run`. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- functions that take the ask differ in it
export type Operation = Question<string, any, any> | Act<string, any, any>;

export function question<Name extends string, Ask extends z.ZodObject, Answer extends z.ZodType>(
  told: Omit<Question<Name, Ask, Answer>, 'kind'>,
): Question<Name, Ask, Answer> {
  return { kind: 'question', ...told };
}

export function act<Name extends string, Ask extends z.ZodObject, Answer extends z.ZodType>(
  told: Omit<Act<Name, Ask, Answer>, 'kind'>,
): Act<Name, Ask, Answer> {
  return { kind: 'act', ...told };
}

/** What the command line calls it: `emitters.deadLetters` is `emitters dead-letters`. */
export function commandOf({ name, verb }: Operation): string {
  return verb ?? pathOf(name).replace('/', ' ');
}

/** Its path below `/api/v1/`: `emitters.deadLetters` is at `emitters/dead-letters`. */
export function pathOf(name: string): string {
  return kebab(name.replace('.', '/'));
}

/** `taskQueue` as `task-queue`. */
export function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** A summary with a capital letter and a full stop. */
export function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}
