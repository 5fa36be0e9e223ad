import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Agent, createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { knot, standardWebhooks, tapestry, webhook } from 'selvage';
import { toFetchHandler, toNodeHandler } from 'selvage/serve';
import { limited, readable, type Benchmark, type BenchmarkOptions, type Row } from '../benchmark';
import { median } from '../statistics';
import { Stage } from '../temporal/stage';

const A_SECOND = 50;
const SECONDS = 5;
const KEY = Buffer.from('0123456789abcdef0123456789abcdef');

const double = knot('double', ({ x }: { x: number }) => x * 2);
const doubling = tapestry('doubling', { parameters: { x: z.number() } }, (_t, { x }) => ({
  y: double({ x }, { id: 'y' }),
}));

/** From a signed request over HTTP to a run that is started and in the ledger, without a worker; requests come evenly, whatever has its answer. */
export const webhookStarts: Benchmark = {
  name: 'triggers: webhook',
  async run({ repetitions }: BenchmarkOptions): Promise<Row[]> {
    const stage = await Stage.open();
    const handler = toFetchHandler({
      selvage: stage.selvage,
      triggers: [
        webhook(doubling, {
          path: '/doubling',
          verify: standardWebhooks({ secret: `whsec_${KEY.toString('base64')}` }),
        }),
      ],
      statusSecret: KEY.toString('hex'),
    });
    const server = createServer(toNodeHandler(handler));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const agent = new Agent({ keepAlive: true });
    const send = (x: number): Promise<void> => deliver(agent, (server.address() as AddressInfo).port, x);
    const start = async (x: number): Promise<void> => {
      await stage.selvage.client.workflow.start('doubling', {
        workflowId: `plain-${randomUUID()}`,
        taskQueue: 'nobody',
        args: [{ x }],
      });
    };
    try {
      const ours: number[] = [];
      const raw: number[] = [];
      for (let round = 0; round <= repetitions; round++) {
        const [plain, delivered] = [await evenly(start), await evenly(send)];
        // The first is to warm up.
        if (round === 0) continue;
        raw.push(...plain);
        ours.push(...delivered);
      }
      const p99 = (times: readonly number[]): number =>
        [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.99)]!;
      return [
        limited(
          `webhook accepted against bare client.start, median at ${A_SECOND} a second`,
          median(ours) / median(raw),
          1.3,
          'times',
          { ours, raw },
          `${readable(median(ours))} ms against ${readable(median(raw))} ms; p99 ${readable(p99(ours))} ms against ${readable(p99(raw))} ms`,
        ),
      ];
    } finally {
      agent.destroy();
      await handler.stop();
      server.close();
      server.closeAllConnections();
      await stage.close();
    }
  },
};

/** Calls at an even pace, whether or not the earlier ones are done; answers how many milliseconds each took. */
async function evenly(call: (index: number) => Promise<void>): Promise<number[]> {
  const since = performance.now();
  const calls: Promise<number>[] = [];
  for (let index = 0; index < A_SECOND * SECONDS; index++) {
    const due = since + (index * 1_000) / A_SECOND;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    const began = performance.now();
    calls.push(call(index).then(() => performance.now() - began));
  }
  return await Promise.all(calls);
}

async function deliver(agent: Agent, port: number, x: number): Promise<void> {
  const body = JSON.stringify({ x });
  const id = randomUUID();
  const time = String(Math.floor(Date.now() / 1_000));
  const signature = createHmac('sha256', KEY).update(`${id}.${time}.${body}`).digest('base64');
  const sent = request({
    agent,
    port,
    host: '127.0.0.1',
    method: 'POST',
    path: '/doubling',
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'webhook-id': id,
      'webhook-timestamp': time,
      'webhook-signature': `v1,${signature}`,
    },
  });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  if (response.statusCode !== 202) throw new Error(`The webhook answered ${response.statusCode}.`);
}
