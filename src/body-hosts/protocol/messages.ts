import { z } from 'zod';
import { ProtocolBroken } from './link';

/** Supported versions of the protocol. */
export const PROTOCOLS: readonly number[] = [1];

const id = z.number().int();
const level = z.enum(['debug', 'info', 'warn', 'error']);

const toldError = z.object({
  type: z.string(),
  message: z.string(),
  traceback: z.string().optional(),
  /** The innermost frame in the user's own files, `file:line`. */
  at: z.string().optional(),
  get cause() {
    return toldError.optional();
  },
  get errors() {
    return z.array(toldError).optional();
  },
  isTerminal: z.boolean().optional(),
  /** Milliseconds. */
  retryAfter: z.number().nonnegative().optional(),
  /** The details of a `SelvageError`; absent for other errors. */
  details: z.record(z.string(), z.unknown()).optional(),
  /** Encodes a thrown value that is not an error. */
  thrown: z.unknown().optional(),
});

export type ToldError = z.infer<typeof toldError>;

const description = z.object({
  name: z.string(),
  input: z.record(z.string(), z.unknown()).optional(),
  output: z.union([z.boolean(), z.record(z.string(), z.unknown())]).optional(),
  receives: z.enum(['values', 'outcomes']).default('values'),
  source: z.string().optional(),
  isAsync: z.boolean().default(false),
  summary: z.string().optional(),
  version: z.string().optional(),
});

/** A body, as its host describes it. */
export type BodyDescription = z.infer<typeof description>;

const hostMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ready'),
    protocol: z.number().int(),
    language: z.string(),
    runtime: z.string().default(''),
    selvage: z.string().default(''),
    concurrency: z.number().int().positive().default(1),
  }),
  z.object({ type: z.literal('refused'), error: toldError }),
  z.object({
    type: z.literal('described'),
    id,
    bodies: z.array(description),
    files: z.array(z.string()).default([]),
  }),
  z.object({ type: z.literal('value'), id, value: z.unknown() }),
  z.object({ type: z.literal('error'), id, error: toldError, files: z.array(z.string()).default([]) }),
  z.object({ type: z.literal('heartbeat'), id, details: z.unknown() }),
  z.object({
    type: z.literal('log'),
    id,
    level,
    message: z.string(),
    fields: z.record(z.string(), z.unknown()).default({}),
  }),
  z.object({ type: z.literal('extend'), id, fragment: z.unknown() }),
  z.object({ type: z.literal('store'), id, stream: id, mediaType: z.string().optional() }),
  z.object({ type: z.literal('open'), id, stream: id, value: z.unknown() }),
  z.object({ type: z.literal('chunk'), stream: id }),
  z.object({ type: z.literal('more'), stream: id }),
  z.object({ type: z.literal('end'), stream: id }),
  z.object({ type: z.literal('failed'), stream: id, error: toldError }),
  z.object({ type: z.literal('pong'), id }),
]);

export type HostMessage = z.infer<typeof hostMessage>;

const context = z.object({
  runId: z.string(),
  knotId: z.string(),
  attempt: z.number().int(),
  idempotencyKey: z.string(),
  traceparent: z.string().optional(),
  lastHeartbeat: z.unknown().optional(),
});

const workerMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), protocols: z.array(z.number()) }),
  z.object({ type: z.literal('describe'), id, modules: z.array(z.string()) }),
  z.object({ type: z.literal('call'), id, body: z.string(), inputs: z.unknown(), context }),
  z.object({ type: z.literal('cancel'), id, reason: z.string(), grace: z.number().optional() }),
  z.object({ type: z.literal('more'), stream: id }),
  z.object({ type: z.literal('chunk'), stream: id }),
  z.object({ type: z.literal('end'), stream: id }),
  z.object({ type: z.literal('stored'), stream: id, value: z.unknown() }),
  z.object({ type: z.literal('failed'), stream: id, error: toldError }),
  z.object({ type: z.literal('ping'), id }),
  z.object({ type: z.literal('goodbye') }),
]);

type WorkerMessage = z.infer<typeof workerMessage>;
export type CallMessage = Extract<WorkerMessage, { type: 'call' }>;

/** @throws ProtocolBroken */
export function readHostMessage(header: unknown): HostMessage {
  return read(hostMessage, header);
}

/** @throws ProtocolBroken */
export function readWorkerMessage(header: unknown): WorkerMessage {
  return read(workerMessage, header);
}

function read<T>(schema: z.ZodType<T>, header: unknown): T {
  const { success, data, error } = schema.safeParse(header);
  if (success) return data;
  const [issue] = error.issues;
  const type = String((header as { type?: unknown } | null)?.type);
  throw new ProtocolBroken(
    `a frame of type ${JSON.stringify(type)} is wrong at ${issue!.path.join('.') || 'its type'}: ${issue!.message}`,
  );
}
