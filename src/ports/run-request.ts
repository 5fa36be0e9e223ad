import { z } from 'zod';
import { textProblem } from '../authoring/texts';

const TAGS = 100;

const text = z.string().superRefine((value, context) => {
  const problem = textProblem(value);
  if (problem) context.addIssue({ code: 'custom', message: `it ${problem[1]}` });
});
const milliseconds = z.number();

/**
 * The parts of a request beside the run's parameters. Our client refuses invalid requests. The first step of the run
 * refuses them for runs started by Temporal's own means. All text of a request is stored, searched and shown.
 */
const runRequestSchema = z.looseObject({
  actor: text.optional(),
  trigger: text.optional(),
  plannedTime: text.optional(),
  triggerKey: text.optional(),
  event: z.record(text, z.union([text, z.number()])).optional(),
  partition: text.optional(),
  tags: z.array(text).max(TAGS).optional(),
  vcsCommit: text.optional(),
  subject: text.optional(),
  taskQueue: text.optional(),
  terminals: z.array(z.string()).optional(),
  deadline: milliseconds.optional(),
  inlineLimit: z.number().optional(),
  allowReferences: z.literal(true).optional(),
  plan: text.optional(),
  parametersHash: text.optional(),
  parentRunId: text.optional(),
  parentTemporalRunId: text.optional(),
  parentKnot: text.optional(),
  traceparent: text.optional(),
  resume: z.looseObject({ runId: text, temporalRunId: text, from: z.array(text).optional() }).optional(),
  limits: z.record(z.string(), z.number()).optional(),
  backends: z.record(z.string(), z.string().optional()).optional(),
});

/** An invalid part of a run request. */
export interface RequestProblem {
  readonly option: string;
  /** A sentence. */
  readonly message: string;
}

/** The first problem of each part of a run request. */
export function requestProblems(said: object): RequestProblem[] {
  const result = runRequestSchema.safeParse(said);
  const problems = new Map<string, RequestProblem>();
  for (const { path, message } of result.error?.issues ?? []) {
    const [option, ...rest] = path.map(String);
    if (option === undefined || problems.has(option)) continue;
    const part = rest.length > 0 ? ` (at ${rest.join('.')})` : '';
    problems.set(option, {
      option,
      message: `The "${option}" of the run${part} cannot be used: ${message}. It is ${shown(said, path)}.`,
    });
  }
  return [...problems.values()];
}

const SHOWN = 60;

function shown(said: object, path: readonly PropertyKey[]): string {
  let value: unknown = said;
  for (const step of path) value = (value as Record<PropertyKey, unknown>)[step];
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
