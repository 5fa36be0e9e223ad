import { setTimeout as sleep } from 'node:timers/promises';

import type { EmbeddedServer } from '../../../src/server';
import { until } from '../../support/until';

/** A server that dies more than five times within a minute is given up by its supervisor. */
const BETWEEN_MS = 15_000;
const GONE_LIMIT_MS = 10_000;
const BACK_LIMIT_MS = 60_000;

/** Kills the server that all scenarios share, one blow at a time. */
export class ServerBlows {
  private last = Promise.resolve();
  private lastAt = 0;
  landed = 0;

  constructor(private readonly server: EmbeddedServer) {}

  /** Resolves when the server is gone. The next blow waits until it is back. */
  async strike(): Promise<void> {
    const mine = this.last.then(() => this.kill());
    this.last = mine.then(({ back }) => back).catch(() => {});
    await mine;
  }

  private async kill(): Promise<{ back: Promise<void> }> {
    await sleep(Math.max(0, this.lastAt + BETWEEN_MS - Date.now()));
    const { pid } = this.server;
    process.kill(pid, 'SIGKILL');
    this.lastAt = Date.now();
    await until('the server is gone', () => isGone(pid), GONE_LIMIT_MS);
    this.landed += 1;
    const back = until('another server process serves', () => this.server.pid !== pid, BACK_LIMIT_MS);
    return { back: back.then(() => {}) };
  }
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
