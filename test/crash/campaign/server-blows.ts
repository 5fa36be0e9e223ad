import { setTimeout as sleep } from 'node:timers/promises';

import type { EmbeddedServer } from '../../../src/server';
import { crashSharedService, type ServiceName } from '../../support/services';
import { until } from '../../support/until';

const GONE_LIMIT_MS = 10_000;
const BACK_LIMIT_MS = 60_000;

/** A server that all scenarios share, and how it is killed. */
export interface Victim {
  /** Between two blows: what keeps it running must not give it up, and runs must get on. */
  readonly betweenMs: number;
  /** Resolves when the server is gone; `back` resolves when it serves again. */
  kill(): Promise<{ readonly back: Promise<void> }>;
}

/** One blow at a server at a time. */
export class ServerBlows {
  private last = Promise.resolve();
  private lastAt = 0;

  constructor(private readonly victim: Victim) {}

  /** Resolves when the server is gone. The next blow waits until it is back. */
  async strike(): Promise<void> {
    const mine = this.last.then(() => this.kill());
    this.last = mine.then(({ back }) => back).catch(() => {});
    await mine;
  }

  /** Resolves when the server is back from the last blow. */
  async settled(): Promise<void> {
    await this.last;
  }

  private async kill(): Promise<{ back: Promise<void> }> {
    await sleep(Math.max(0, this.lastAt + this.victim.betweenMs - Date.now()));
    this.lastAt = Date.now();
    return await this.victim.kill();
  }
}

/** Started again by its supervisor, which gives a server up that dies more than five times within a minute. */
export function embeddedServer(server: EmbeddedServer): Victim {
  return {
    betweenMs: 15_000,
    async kill() {
      const { pid } = server;
      process.kill(pid, 'SIGKILL');
      await until('the server is gone', () => isGone(pid), GONE_LIMIT_MS);
      const back = until('another server process serves', () => server.pid !== pid, BACK_LIMIT_MS);
      return { back: back.then(() => {}) };
    },
  };
}

/** Started again at once, as the system does it where they are services. */
export function sharedService(name: ServiceName): Victim {
  return { betweenMs: 10_000, kill: () => crashSharedService(name) };
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
