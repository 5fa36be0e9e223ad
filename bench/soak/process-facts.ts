import { readdirSync, readFileSync } from 'node:fs';

/** What a Node process says of itself, after a garbage collection. */
export interface OwnFacts {
  readonly heapBytes: number;
  /** Outside of the heap, for objects in it: mostly buffers. */
  readonly externalBytes: number;
  /** Resident memory that is not the heap's: buffers, native code and what it keeps. */
  readonly nativeBytes: number;
  /** Timers, sockets, … that keep its loop alive, by kind. */
  readonly resources: Readonly<Record<string, number>>;
}

/** What the system says of any process. */
export interface SystemFacts {
  readonly rssBytes: number;
  readonly files: number;
}

export function ownFacts(): OwnFacts {
  // The second one frees what the finalizers of the first let go.
  gc!();
  gc!();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  const { heapUsed, heapTotal, external, rss } = process.memoryUsage();
  return { heapBytes: heapUsed, externalBytes: external, nativeBytes: rss - heapTotal, resources };
}

/** Linux only: it reads `/proc`. */
export function systemFacts(pid: number): SystemFacts {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
  return { rssBytes: Number(kibibytes) * 1024, files: readdirSync(`/proc/${pid}/fd`).length };
}
