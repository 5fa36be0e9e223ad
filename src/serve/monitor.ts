import { createServer, type AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import type { WorkerWatch } from '../connection/own-workers';
import type { BodyHosts } from '../runtime';
import { createMetrics, type Metrics } from './metrics';

const LIMIT_MS = 3_000;

/** Observes this process's worker. The monitor is created before the worker, which reports to it. */
export class Monitor {
  readonly watch: WorkerWatch;
  readonly #hosts: BodyHosts[] = [];
  #sdk: string | undefined;

  private constructor(readonly metrics: Metrics) {
    this.watch = { counts: metrics.work, hostsOpened: (hosts) => void this.#hosts.push(hosts) };
  }

  static async create(registry?: Registry): Promise<Monitor> {
    return new Monitor(await createMetrics(registry));
  }

  /**
   * Reserves an address for the metrics of the SDK's core (`Runtime.install`), which only serves them on a port: on
   * loopback. Undefined if nobody reads metrics. Call this once, before the first connection of a worker.
   */
  async sdkAddress(): Promise<string | undefined> {
    if (!this.metrics.work) return undefined;
    const address = `127.0.0.1:${await freePort()}`;
    this.#sdk = `http://${address}/metrics`;
    return address;
  }

  /** The metrics of the SDK's core, in Prometheus' text format; empty if the core has none. */
  async sdkMetrics(): Promise<string> {
    if (this.#sdk === undefined) return '';
    try {
      const answer = await fetch(this.#sdk, { signal: AbortSignal.timeout(LIMIT_MS) });
      return answer.ok ? await answer.text() : '';
    } catch {
      // The runtime has ended, or the process is too busy: show the other metrics all the same.
      return '';
    }
  }

  /** Each body host by name, and why it cannot call bodies now. */
  hostTroubles(): Map<string, unknown> {
    return new Map(this.#hosts.flatMap((hosts) => [...hosts.troubles()]));
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
