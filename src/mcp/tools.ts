import type { Tool as ListedTool } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { SelvageError } from '../errors';
import { OPERATIONS } from '../operations';
import { invoke } from '../operations/invoke';
import { pathOf, sentence, type Operation } from '../operations/operation';
import type { Surroundings } from '../operations/surroundings';
import { answerJson } from '../values/answer-json';
import type { Json } from '../values';
import { bounded } from './bounded';

type Tools = ReadonlyMap<string, Operation>;

/** Characters of an answer that a model can read at once. */
const MOST_CHARACTERS = 60_000;

/** Parameter that every tool has beside its operation's. */
const SKIP = 'skip';
const skipped = z
  .record(z.string(), z.int().min(0))
  .default({})
  .describe(
    'Goes on in lists that an answer has cut: by the `path` in `cut`, the first items to leave out, such as {"graph.knots": 100}.',
  );

/** Operations with `isTool` by tool name, acts only if `mayWrite`. */
export function toolsFor(mayWrite: boolean): Tools {
  const operations: readonly Operation[] = OPERATIONS;
  return new Map(
    operations
      .filter(({ isTool, kind }) => isTool && (mayWrite || kind === 'question'))
      .map((operation) => [toolName(operation), operation]),
  );
}

/** The name of an operation's tool, such as `runs_preview_resume` for `runs.previewResume`. */
function toolName({ name }: Pick<Operation, 'name'>): string {
  return pathOf(name).replaceAll(/[/-]/g, '_');
}

export function describeTool(operation: Operation): ListedTool {
  const { kind, summary, description, ask } = operation;
  const words = [sentence(summary), ...(description === undefined ? [] : [description])].join(' ');
  const isWriting = kind === 'act';
  const schema = (ask as z.ZodObject).extend({ [SKIP]: skipped });
  return {
    name: toolName(operation),
    description: words.replaceAll(/`([a-z]+\.[a-zA-Z]+)`/g, (_, name: string) => `\`${toolName({ name })}\``),
    inputSchema: z.toJSONSchema(schema, { io: 'input', target: 'draft-7', unrepresentable: 'any' }) as {
      type: 'object';
    },
    annotations: {
      readOnlyHint: !isWriting,
      destructiveHint: isWriting,
      idempotentHint: !isWriting || operation.repeat === 'same',
      openWorldHint: false,
    },
  };
}

/**
 * Returns the answer as JSON, shortened for a model.
 *
 * @throws SelvageError `InvalidRequest`, and the operation's errors
 */
export async function callTool(
  tools: Tools,
  of: Surroundings,
  name: string,
  { [SKIP]: skip, ...ask }: Readonly<Record<string, unknown>>,
): Promise<string> {
  const operation = tools.get(name);
  if (!operation)
    throw new SelvageError(
      'InvalidRequest',
      `There is no tool "${name}". There are ${[...tools.keys()].join(', ')}.`,
      { details: { tool: name } },
    );
  const after = skipOf(skip);
  const answer: unknown = await invoke(operation, of, ask);
  // Leave out undefined fields.
  const json = JSON.parse(JSON.stringify(answerJson(answer))) as Record<string, Json>;
  return bounded(json, after, MOST_CHARACTERS);
}

/** @throws SelvageError `InvalidRequest` */
function skipOf(given: unknown): Record<string, number> {
  const { data, error } = skipped.safeParse(given);
  if (data) return data;
  throw new SelvageError('InvalidRequest', `"${SKIP}" is wrong: ${error.issues[0]!.message}.`);
}
