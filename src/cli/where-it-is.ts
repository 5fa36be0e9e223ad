import { Session, type Debugger } from 'node:inspector';

/** Where the main thread is, as it says itself; see {@link tellWhere}. */
export interface Where {
  /** `file:line:column` in the user's code. */
  readonly place?: string;
  /** As `knot "a" of run r`. */
  readonly knot?: string;
}

const NAME = 'selvage.where';
/** What is in native code does not answer; a busy machine takes a while to enable the debugger. */
const LIMIT_MS = 3_000;

/** In the main thread: answers what {@link whereItIs} asks. Called in the middle of whatever runs there. */
export function tellWhere(where: () => Where): void {
  (globalThis as Record<symbol, unknown>)[Symbol.for(NAME)] = (): string => JSON.stringify(where());
}

/** In another thread: stops the main thread for a moment, as a debugger does, and asks where it is. Undefined if it does not answer. */
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
    // A Node without a debugger.
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
