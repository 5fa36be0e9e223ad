import { buildSync } from 'esbuild';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

/** `recorded` is `raw` with a store of values and records, as one writes it by hand: what the promise costs without this package. */
export type Side = 'ours' | 'raw' | 'recorded';

export interface WorkerProcessOptions {
  readonly side: Side;
  /** Names of the workloads that it can run. */
  readonly workloads: readonly string[];
  readonly address: string;
  readonly projectDir: string;
  /** URL of the backends. */
  readonly backends: string;
  /** Bundle of the hand-written workflows. */
  readonly rawBundle: string;
  /** What Node is told that it may use for JavaScript. Default: its own, which is a share of the machine's memory, and of that it lets half be garbage. */
  readonly heapMegabytes?: number | undefined;
}

/** What a worker took from when it was ready to its end. */
export interface WorkerUsage {
  /** Resident memory at its highest, the start included. */
  readonly peakBytes: number;
  /** CPU time of all its threads. */
  readonly cpuMs: number;
}

export type WorkerReport = { readonly kind: 'ready' } | ({ readonly kind: 'ended' } & WorkerUsage);

/** A worker in a process of its own. */
export class WorkerProcess {
  private constructor(private readonly child: ChildProcess) {}

  /**
   * Starts it and waits until it polls.
   *
   * @throws Error if the process ends before that; what it said is on stderr
   */
  static async start(options: WorkerProcessOptions): Promise<WorkerProcess> {
    const { side, heapMegabytes } = options;
    const heap = heapMegabytes === undefined ? [] : [`--max-old-space-size=${heapMegabytes}`];
    const child = fork(builtProgram(), [JSON.stringify(options)], {
      execArgv: [...heap, ...profilingOf(side)],
    });
    const worker = new WorkerProcess(child);
    await worker.hear('ready');
    return worker;
  }

  async stop(): Promise<WorkerUsage> {
    const exited = once(this.child, 'exit');
    this.child.send('stop');
    const report = await this.hear('ended');
    await exited;
    return report;
  }

  private async hear<K extends WorkerReport['kind']>(kind: K): Promise<Extract<WorkerReport, { kind: K }>> {
    const ended = new AbortController();
    try {
      const [report] = (await Promise.race([
        once(this.child, 'message', { signal: ended.signal }),
        once(this.child, 'exit', { signal: ended.signal }).then(([code]) => {
          throw new Error(
            `A worker of the benchmark ended by itself (exit code ${String(code)}): see its messages above.`,
          );
        }),
      ])) as [WorkerReport];
      if (report.kind !== kind)
        throw new Error(`A worker of the benchmark said ${report.kind} instead of ${kind}.`);
      return report as Extract<WorkerReport, { kind: K }>;
    } finally {
      ended.abort();
    }
  }
}

let program: string | undefined;

/** The program as JavaScript, as the workers of users are: a compiler in the process would take tens of megabytes. */
function builtProgram(): string {
  if (program === undefined) {
    // Beside the sources, so that it finds the packages that they find.
    const outfile = path.join(__dirname, '../../.cache/bench/worker.process.js');
    buildSync({
      entryPoints: [path.join(__dirname, 'worker.process.ts')],
      outfile,
      bundle: true,
      packages: 'external',
      platform: 'node',
      target: `node${process.versions.node}`,
      keepNames: true,
    });
    program = outfile;
  }
  return program;
}

/** `SELVAGE_BENCH_PROFILE=FOLDER` leaves a CPU profile of every worker there. */
function profilingOf(side: string): string[] {
  const folder = process.env['SELVAGE_BENCH_PROFILE'];
  return folder ? ['--cpu-prof', `--cpu-prof-dir=${path.join(folder, side)}`] : [];
}
