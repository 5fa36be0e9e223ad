import type { z } from 'zod';
import type { Surroundings } from './surroundings';

/** Groups of `selvage --help`. */
export type Group = 'write' | 'start' | 'see' | 'operate' | 'data';

/** Needs: `records`, an existing run history; `changes`, one with ordered changes; `server`, the Temporal server. */
export type Need = 'records' | 'changes' | 'server';

/** Declares an operation for all faces. */
interface Definition<Name extends string, Ask extends z.ZodObject, Answer extends z.ZodType> {
  /** `noun.verb`, which is `selvage.noun.verb(…)` in TypeScript, `/api/v1/noun/verb` over HTTP. */
  readonly name: Name;
  /** The operation's name on the command line. Default: noun and verb. */
  readonly verb?: string;
  /** A summary in one line, beginning in lower case and without a full stop. */
  readonly summary: string;
  readonly description?: string;
  readonly group: Group;
  readonly ask: Ask;
  readonly answer: Answer;
  /** Positional fields in TypeScript and on the command line, in order. */
  readonly at?: readonly (keyof z.output<Ask> & string)[];
  readonly examples?: readonly z.input<Ask>[];
  /** Whether the operation is a tool of the MCP server. Default false. */
  readonly isTool?: true;
  /** Default: records. An empty list means that the operation needs no project. */
  readonly needs?: readonly Need[];
  /** Whether the server adds facts to the records. Default false. */
  readonly asksServer?: true;
  /** Whether the operation can read a capsule. Default false. */
  readonly readsCapsules?: true;
  /** Whether the operation can read the files of `selvage history export`. Default false. */
  readonly readsParquet?: true;
  /** Whether the operation needs the file that exports its `tapestry`. Default false. */
  readonly readsFile?: true;
  /** Whether the operation reveals values; a token then needs the scope `values`. Default false. */
  readonly readsValues?: true;
  /** Fields that callers who may see secrets get unredacted; `true`: all. Other texts are always redacted. */
  readonly inFull?: true | readonly (keyof z.output<Answer> & string)[];
}

type Run<Ask extends z.ZodObject, Answer extends z.ZodType> = (
  of: Surroundings,
  ask: z.output<Ask>,
) => z.output<Answer> | Promise<z.output<Answer>>;

/** A question, which reads and changes nothing. */
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
   * The effect of a repetition. `same`: a repetition has no effect, as for a cancellation. `again`: the act is
   * repeated. `key`: no effect if the named field is equal; over HTTP, the header `Idempotency-Key` fills that field.
   */
  readonly repeat: 'same' | 'again' | { readonly key: keyof z.output<Ask> & string };
  /** The question to a person before the act is carried out. Default: none. */
  readonly confirm?: (ask: z.output<Ask>) => string;
  readonly run: Run<Ask, Answer>;
}

/** Any operation, without its types: only `invoke`, which parses the ask, may call `run`. */
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

/** The name of an operation on the command line: `emitters.deadLetters` is `emitters dead-letters`. */
export function commandOf({ name, verb }: Operation): string {
  return verb ?? pathOf(name).replace('/', ' ');
}

/** The path of an operation below `/api/v1/`: `emitters.deadLetters` is at `emitters/dead-letters`. */
export function pathOf(name: string): string {
  return kebab(name.replace('.', '/'));
}

export function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}
