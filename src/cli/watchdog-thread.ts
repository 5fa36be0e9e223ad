/**
 * The thread that tells of an event loop that is blocked, on stderr, while it is: its bodies keep everything else in their process waiting, Ctrl-C,
 * too. Time is counted in ticks of this thread, so that a process that was suspended does not look like one that is blocked.
 */
import { workerData } from 'node:worker_threads';
import { nameSome } from './name-bodies';
import { SharedBodies } from './shared-bodies';
import type { WatchdogData } from './watchdog';
import { whereItIs, type Where } from './where-it-is';
import { writeNow } from './write-now';

const TICK_MS = 500;
/** Then again after twice as long, and so on. */
const FIRST_TOLD_MS = 5_000;
const CLEAR_LINE = '\r\u001b[K';

const { memory, isLive } = workerData as WatchdogData;
const bodies = new SharedBodies(memory);
let beats = bodies.beats;
let blocked = 0;
let nextTold = FIRST_TOLD_MS;

setInterval(() => {
  if (bodies.beats !== beats) {
    beats = bodies.beats;
    blocked = 0;
    nextTold = FIRST_TOLD_MS;
    return;
  }
  blocked += TICK_MS;
  if (blocked < nextTold) return;
  nextTold *= 2;
  void tell(blocked / 1_000, blocked === FIRST_TOLD_MS);
}, TICK_MS);

async function tell(seconds: number, isFirst: boolean): Promise<void> {
  const told = beats;
  const where = (await whereItIs()) ?? {};
  // It goes on meanwhile.
  if (bodies.beats !== told) return;
  const advice = [
    'Nothing else goes on in this process meanwhile. After 30 s the server takes it for lost, and tries its knots again.',
    `Split the work by await, or move it to a worker thread. Ctrl-C has to wait, too; to end it now: ${isLive ? 'Ctrl-\\ or ' : ''}kill -9 ${process.pid}`,
  ];
  const lines = [`warn ${sentence(seconds, where)}`, ...(isFirst ? advice : [])];
  writeNow(2, `${isLive ? CLEAR_LINE : ''}${lines.join('\n')}\n`);
}

function sentence(seconds: number, { knot, place }: Where): string {
  const at = place === undefined ? '' : `, at ${place}`;
  if (knot !== undefined) return `The body of ${knot} has blocked the event loop for ${seconds} s${at}.`;
  const running =
    bodies.running === 0 ? 'no body runs' : `running: ${nameSome(bodies.named, bodies.running)}`;
  return `The event loop has been blocked for ${seconds} s${at}; ${running}.`;
}
