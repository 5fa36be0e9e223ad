/**
 * Thread that reports a blocked event loop on stderr. While the event loop is blocked, everything else waits, even
 * Ctrl-C. The thread counts time in its own ticks, so a suspended process does not look blocked.
 */
import { workerData } from 'node:worker_threads';
import { writeNow } from '../../node/terminal';
import { nameSome } from '../output/format';
import { SharedBodies } from './shared-bodies';
import type { WatchdogData } from './watchdog';
import { whereItIs, type Where } from './where-it-is';

const TICK_MS = 500;
/** Time of the first report; each further report comes after twice the time. */
const FIRST_TOLD_MS = 5_000;

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
  // A changed beat shows that the event loop went on during the search for its position.
  if (bodies.beats !== told) return;
  const advice = [
    'Nothing else goes on in this process meanwhile. After 30 s the server takes it for lost, and tries its knots again.',
    `Split the work by await, or move it to a worker thread. Ctrl-C has to wait, too; to end it now: ${isLive ? 'Ctrl-\\ or ' : ''}kill -9 ${process.pid}`,
  ];
  const lines = [`warn ${sentence(seconds, where)}`, ...(isFirst ? advice : [])];
  writeNow(2, `${lines.join('\n')}\n`, isLive);
}

function sentence(seconds: number, { knot, place }: Where): string {
  const at = place === undefined ? '' : `, at ${place}`;
  if (knot !== undefined) return `The body of ${knot} has blocked the event loop for ${seconds} s${at}.`;
  const running =
    bodies.running === 0 ? 'no body runs' : `running: ${nameSome(bodies.named, bodies.running)}`;
  return `The event loop has been blocked for ${seconds} s${at}; ${running}.`;
}
