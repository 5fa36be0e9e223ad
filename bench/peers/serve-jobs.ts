import { createInterface } from 'node:readline';
import type { Job } from './contestant';

/** In a program of a peer: reads jobs from stdin, a line each, runs them one by one and answers with a line each. Ends with its stdin. */
export async function serveJobs(run: (job: Job) => Promise<number>): Promise<void> {
  process.stdout.write('ready\n');
  for await (const line of createInterface({ input: process.stdin })) {
    const since = performance.now();
    try {
      const result = await run(JSON.parse(line) as Job);
      answer({ ms: performance.now() - since, result });
    } catch (error) {
      answer({ error: String(error) });
    }
  }
}

function answer(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
