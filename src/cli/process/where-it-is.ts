// Tells the line that blocks the event loop (docs/failures/process-exits.md): from outside, only a debugger sees it.

import { Session, type Debugger } from 'node:inspector';

/** The main thread's position, by its own report; see {@link tellWhere}. */
export interface Where {
  /** `file:line:column` in the user's code. */
  readonly place?: string;
  /** The running body, such as `knot "a" of run r`. */
  readonly knot?: string;
}

const NAME = 'selvage.where';
/** Longest wait: native code does not answer, and a busy machine takes a while to enable the debugger. */
const LIMIT_MS = 3_000;

/**
 * For the main thread: registers the answer to {@link whereItIs}. The answer may be asked in the middle of any code.
 */
export function tellWhere(where: () => Where): void {
  (globalThis as Record<symbol, unknown>)[Symbol.for(NAME)] = (): string => JSON.stringify(where());
}

/** For another thread: pauses the main thread, as a debugger does, and asks its position. Undefined: no answer. */
export async function whereItIs(): Promise<Where | undefined> {
  const session = new Session();
  try {
    session.connectToMainThread();
    return await new Promise<Where | undefined>((resolve) => {
      setTimeout(() => resolve(undefined), LIMIT_MS);
      session.on('Debugger.paused', ({ params }) => ask(session, params, resolve));
      session.post('Debugger.enable');
      session.post('Debugger.pause');
    });
  } catch {
    // This Node was built without a debugger.
    return undefined;
  } finally {
    session.post('Debugger.disable');
    session.disconnect();
  }
}

function ask(
  session: Session,
  { callFrames }: Debugger.PausedEventDataType,
  answer: (where: Where | undefined) => void,
): void {
  const expression = `globalThis[Symbol.for(${JSON.stringify(NAME)})]()`;
  session.post(
    'Debugger.evaluateOnCallFrame',
    { callFrameId: callFrames[0]!.callFrameId, expression },
    (error, result) => {
      session.post('Debugger.resume');
      const text: unknown = error ? undefined : result.result.value;
      answer(typeof text === 'string' ? (JSON.parse(text) as Where) : undefined);
    },
  );
}
