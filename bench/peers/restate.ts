import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Contestant, Entry, Job, Timed } from './contestant';
import { freePort } from './free-port';
import { installNodePackages } from './install';
import { Program } from './program';
import type { RestateServiceOptions } from './restate.process';

const START_LIMIT_MS = 60_000;
const JOB_LIMIT_MS = 2 * 60_000;
const POLL_MS = 50;

export const restate: Entry = {
  name: 'Restate',
  isOurs: false,
  isDurable: true,
  async enter() {
    const packages = await installNodePackages('durable');
    const folder = await mkdtemp(path.join(tmpdir(), 'selvage-bench-restate-'));
    const programs: Program[] = [];
    const close = async (): Promise<void> => {
      for (const program of programs) await program.stop();
      await rm(folder, { recursive: true, force: true });
    };
    try {
      const [service, node, ingress, admin] = [
        await freePort(),
        await freePort(),
        await freePort(),
        await freePort(),
      ];
      const server = Program.start('The server of Restate', {
        command: serverBinary(packages),
        args: ['--no-logo'],
        cwd: folder,
        env: {
          RESTATE_BASE_DIR: folder,
          RESTATE_LISTEN_MODE: 'tcp',
          RESTATE_BIND_IP: '127.0.0.1',
          RESTATE_ADVERTISED_HOST: '127.0.0.1',
          RESTATE_BIND_PORT: String(node),
          RESTATE_INGRESS__BIND_PORT: String(ingress),
          RESTATE_ADMIN__BIND_PORT: String(admin),
          RESTATE_DISABLE_TELEMETRY: 'true',
        },
      });
      programs.push(server);
      const options: RestateServiceOptions = { packages, port: service };
      const handler = Program.startNode('The service of Restate', 'restate.process.ts', options);
      programs.push(handler);
      await handler.hears('ready');
      await untilHealthy(`http://127.0.0.1:${admin}/health`);
      await untilHealthy(`http://127.0.0.1:${ingress}/restate/health`);
      await post(`http://127.0.0.1:${admin}/deployments`, { uri: `http://127.0.0.1:${service}` });
      return { run: (job) => call(ingress, job, handler), close } satisfies Contestant;
    } catch (error) {
      await close();
      throw error;
    }
  },
};

function serverBinary(packages: string): string {
  const load = createRequire(path.join(packages, 'package.json'));
  const name = `@restatedev/restate-server-${process.platform}-${process.arch}`;
  return load.resolve(`${name}/bin/restate-server`);
}

async function call(ingress: number, job: Job, service: Program): Promise<Timed> {
  const handler = job.shape === 'fan-out' ? 'fanOut' : job.shape;
  const since = performance.now();
  try {
    const result = (await post(`http://127.0.0.1:${ingress}/bench/${handler}`, job)) as number;
    return { ms: performance.now() - since, result };
  } catch (error) {
    // The server tries a failing service again and again, and tells nobody.
    throw new Error(`Restate gave no result${service.lastWords()}`, { cause: error });
  }
}

async function post(url: string, body: object): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(JOB_LIMIT_MS),
  });
  if (!response.ok) throw new Error(`Restate answered ${response.status}: ${await response.text()}`);
  return await response.json();
}

async function untilHealthy(url: string): Promise<void> {
  const giveUpAt = Date.now() + START_LIMIT_MS;
  for (;;) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return;
    if (Date.now() >= giveUpAt)
      throw new Error(`Restate's server was not healthy within ${START_LIMIT_MS / 1_000} s (${url}).`);
    await delay(POLL_MS);
  }
}
