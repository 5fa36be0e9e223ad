import inspector from 'node:inspector';
import { docsOf } from '../../errors';
import { watchBodies } from '../../runtime/body-watch';
import { userFrame } from '../../runtime/user-frame';
import type { KnotContext } from '../../authoring/knot-context';
import { writeNow } from '../../node/terminal';
import { answerJson } from '../../values/answer-json';
import { EXIT } from '../output/exit-codes';
import { nameSome } from '../output/format';
import type { Output } from '../output/output';
import { commandLine } from '../output/typed-commands';
import { reportError } from '../output/report-error';
import { nameOf, RunningBodies } from './running-bodies';
import { startWatchdog } from './watchdog';
import type { Where } from './where-it-is';

interface WorkForRun {
  readonly runId: string;
  readonly tapestry: string;
  readonly back: readonly string[];
}

/** More frames than Node's default: a library may stand between the user's code and `process.exit`. */
const STACK_FRAMES = 50;

let bodies: RunningBodies;
let work: WorkForRun | 'worker' | undefined;
/** The command's exit code; undefined until it has its result. */
let result: number | undefined;

/** Sets the work that a too early end would interrupt. */
export function workFor(what: WorkForRun | 'worker'): void {
  work = what;
}

/** Sets the exit code, whatever bodies still do. Returns it. */
export function hasResult(code: number): number {
  result = code;
  return code;
}

export function endProcess(code: number): never {
  process.exit(hasResult(code));
}

/**
 * Reports an end of the process before its command has a result: names the knot whose body caused it and how to
 * continue, and exits with code 75. `process.exit` is not replaced; its stack is read in the event `exit`. A worker
 * survives unhandled rejections.
 */
export function guardProcess(output: Output): void {
  bodies = new RunningBodies((shared) => {
    // A debugger blocks the event loop on purpose.
    if (inspector.url() === undefined) startWatchdog(shared, output.isLive, whereNow);
  });
  watchBodies(bodies);
  process.on('exit', (code) => {
    if (result === undefined) return endEarly(exitEvent(code), output);
    process.exitCode = result;
    if (result === EXIT.interrupted || result === EXIT.terminated) {
      const message = 'The command was told to stop.';
      document({ error: { code: 'Interrupted', message, docs: docsOf('Interrupted') } }, output);
    }
  });
  process.on('uncaughtException', (error) => onLeak('exception', error, output));
  process.on('unhandledRejection', (reason) => onLeak('rejection', reason, output));
}

interface EndEvent {
  readonly kind: 'exit' | 'idle' | 'exception' | 'rejection';
  /** Event and cause: `The body of knot "a" of run r …`. */
  readonly sentence: string;
  readonly knots: readonly KnotContext[];
  /** The error, and advice. */
  readonly lines: readonly string[];
}

function exitEvent(code: number): EndEvent {
  const stack = stackOfCaller();
  const knots = bodies.current ? [bodies.current] : bodies.known;
  if (!/^\s+at process\.(?:exit|reallyExit) /m.test(stack)) {
    return {
      kind: 'idle',
      sentence: `Nothing was left to do in this process (its event loop was empty) while ${whatRan()}: it waits for something that cannot come any more.`,
      knots: bodies.known,
      lines: [],
    };
  }
  const place = userFrame(stack);
  const call = `process.exit(${code})`;
  const at = place === undefined ? '' : ` at ${place}`;
  return {
    kind: 'exit',
    sentence: bodies.current
      ? `The body of ${nameOf(bodies.current)} called ${call}${at}.`
      : `${call} was called${at} while ${whatRan()}.`,
    knots,
    lines: work || knots.length > 0 ? ['A body ends by returning or by throwing an error.'] : [],
  };
}

function onLeak(kind: 'exception' | 'rejection', error: unknown, output: Output): void {
  const event = leakEvent(kind, error);
  if (result !== undefined || (kind === 'rejection' && work === 'worker')) {
    output.warn(
      [event.sentence, ...event.lines, ...(result === undefined ? ['The worker goes on.'] : [])].join('\n'),
    );
    return;
  }
  if (!work && event.knots.length === 0 && userPlaceOf(error) === undefined)
    endProcess(reportError(error, output));
  endEarly(event, output);
  process.exit();
}

function leakEvent(kind: 'exception' | 'rejection', error: unknown): EndEvent {
  const { current } = bodies;
  const what =
    kind === 'rejection'
      ? 'a promise that was rejected and that nobody handles'
      : 'an error that nobody catches';
  const sentence =
    kind === 'rejection'
      ? current
        ? `The body of ${nameOf(current)} left ${what}:`
        : `There was ${what}, while ${whatRan()}:`
      : current
        ? `A callback of the body of ${nameOf(current)} threw ${what}:`
        : `A callback threw ${what}, while ${whatRan()}:`;
  const remedy =
    kind === 'rejection'
      ? 'Await the promise, or catch its error.'
      : 'Catch it in the callback, or listen to the event "error".';
  return {
    kind,
    sentence,
    knots: current ? [current] : bodies.known,
    lines: [...errorLines(error).map((line) => `  ${line}`), remedy],
  };
}

/** An error, its origin and its causes, one line each. */
function errorLines(error: unknown): string[] {
  // Load the module synchronously, as the process is about to end, and only here, as few commands need it.
  const { causeLines, errorLine, tellError } = require('../../runtime') as typeof import('../../runtime');
  const told = tellError(error);
  return [errorLine(told), ...causeLines(told).map((line) => `  ${line}`)];
}

/** Writes synchronously, as pending writes are lost, and sets the exit code. */
function endEarly(event: EndEvent, output: Output): void {
  hasResult(EXIT.endedEarly);
  process.exitCode = EXIT.endedEarly;
  output.endLive();
  const { sentence, lines, knots, kind } = event;
  const docs = docsOf('ProcessExited');
  const text = [`ProcessExited: ${sentence}`, ...lines, docs, ...fate(knots)];
  writeNow(2, `${output.errorText(text.join('\n'))}\n`);
  const error = { code: 'ProcessExited', message: [sentence, ...lines].join('\n'), cause: kind, docs };
  const told = knots.map(({ runId, knotId, attempt }) => ({ runId, knotId, attempt }));
  document({ error, knots: told }, output);
}

/** Writes the error as a document if `--json` is given, unless the command has written one. */
function document(says: object, output: Output): void {
  if (!output.json || output.hasDocument) return;
  const run = work === 'worker' ? undefined : work;
  const { runId, tapestry } = run ?? {};
  const known = {
    runId,
    tapestry,
    status: run && 'running',
    ...says,
    back: run && commandLine(run.back),
  };
  writeNow(1, `${JSON.stringify(answerJson(known), null, 2)}\n`);
}

function fate(knots: readonly KnotContext[]): string[] {
  if (!work) return [];
  const again =
    knots.length === 0
      ? ''
      : ' What ran is tried again 30 s after its last heartbeat; a knot that kills three workers fails (WorkerLost).';
  if (work === 'worker') return [`The worker ends. Its runs wait on the server for the next one.${again}`];
  return [
    `Run ${work.runId} is not lost: it waits on the server.${again}`,
    'Go on with:',
    `  ${commandLine(work.back)}`,
  ];
}

/** Formats as `knot "a" of run r and knot "b" of run r ran`. */
function whatRan(): string {
  return bodies.count === 0 ? 'no body ran' : `${nameSome(bodies.known.map(nameOf), bodies.count)} ran`;
}

function userPlaceOf(error: unknown): string | undefined {
  return error instanceof Error && error.stack !== undefined ? userFrame(error.stack) : undefined;
}

function whereNow(): Where {
  const place = userFrame(stackOfCaller());
  return {
    place,
    knot: bodies.current && nameOf(bodies.current),
  };
}

function stackOfCaller(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = STACK_FRAMES;
  const stack = new Error().stack ?? '';
  Error.stackTraceLimit = limit;
  return stack;
}
