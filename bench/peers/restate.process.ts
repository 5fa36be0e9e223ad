/**
 * Program: a Restate service as its documentation has it: every step by `ctx.run`, concurrent steps awaited by
 * `RestatePromise.all`. Restate's server calls it over HTTP/2.
 */
import { createServer } from 'node:http2';
import type { RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { countRows, increment, makeRows, nextRows, sum } from '../raw/activities';
import type { Job } from './contestant';

interface Context {
  run<R>(name: string, action: () => R): Promise<R>;
}

/** What is used here of a package that is not installed beside this file. */
interface RestateSdk {
  service(definition: {
    name: string;
    handlers: Record<string, (context: Context, job: Job) => Promise<number>>;
  }): unknown;
  createEndpointHandler(options: {
    services: unknown[];
    logger: (meta: { level: string }, ...words: unknown[]) => void;
  }): unknown;
  readonly RestatePromise: { all<R>(promises: readonly Promise<R>[]): Promise<R[]> };
}

/** The SDK expects it, Node has it from version 22 on. */
function withResolvers(): unknown {
  let settlers = {};
  const promise = new Promise((resolve, reject) => (settlers = { resolve, reject }));
  return { promise, ...settlers };
}

/** Quiet but for what goes wrong. */
function report({ level }: { level: string }, ...words: unknown[]): void {
  if (level === 'error') console.error(...words);
}

export interface RestateServiceOptions {
  readonly packages: string;
  readonly port: number;
}

function main({ packages, port }: RestateServiceOptions): void {
  const own = Promise as { withResolvers?: unknown };
  own.withResolvers ??= withResolvers;
  const load = createRequire(path.join(packages, 'package.json'));
  const restate = load('@restatedev/restate-sdk') as RestateSdk;

  const bench = restate.service({
    name: 'bench',
    handlers: {
      async chain(context, { start, size }) {
        let result = start;
        for (let index = 0; index < size; index++) {
          const x = result;
          result = await context.run('increment', () => increment(x));
        }
        return result;
      },
      async fanOut(context, { start, size }) {
        const values = await restate.RestatePromise.all(
          Array.from({ length: size }, () => context.run('increment', () => increment(start))),
        );
        return await context.run('sum', () => sum(values));
      },
      async tables(context, { start, size }) {
        let rows = await context.run('make', () => makeRows(start));
        for (let index = 1; index < size; index++) {
          const before = rows;
          rows = await context.run('next', () => nextRows(before));
        }
        const last = rows;
        return await context.run('count', () => countRows(last));
      },
    },
  });

  const handler = restate.createEndpointHandler({ services: [bench], logger: report }) as RequestListener;
  createServer(handler as never).listen(port, '127.0.0.1', () => process.stdout.write('ready\n'));
  // With whoever started it.
  process.stdin.resume().on('end', () => process.exit());
}

main(JSON.parse(process.argv[2]!) as RestateServiceOptions);
