import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command, makeCommandProject, runWarm } from '../../support/command-line';
import { removeProjects } from '../server/projects';
import { WAITING } from './pipelines';

/** A program of a user that starts a run, or comes back to it, and waits. */
const CLIENT = `
const { Selvage } = require('selvage/client');
const [, , runId] = process.argv;
void (async () => {
  const selvage = await Selvage.connect();
  const run = selvage.getRun(runId);
  console.log('waiting');
  const { status, values } = await run.result();
  console.log(JSON.stringify({ status, values }));
  await selvage.close();
})();
`;

afterAll(removeProjects);

test('a client that is killed while it waits: others come back to its run and have the result', async () => {
  const project = makeCommandProject({ 'waiting.ts': WAITING, 'client.cjs': CLIENT });
  const worker = new Command(project, ['worker', 'waiting.ts']);
  try {
    await worker.hasWritten(/Worker of waiting/);
    expect((await runWarm(project, ['run', 'waiting.ts', '--detach', '--run-id', 'kept'])).code).toBe(0);
    await worker.hasWritten(/wait: began/);

    const waits = (): ReturnType<typeof spawn> =>
      spawn(process.execPath, ['client.cjs', 'kept'], { cwd: project, stdio: ['ignore', 'pipe', 'inherit'] });
    const killed = waits();
    const isWaiting = once(killed.stdout!, 'data');
    expect(String((await isWaiting)[0])).toBe('waiting\n');
    killed.kill('SIGKILL');
    expect(await once(killed, 'exit')).toEqual([null, 'SIGKILL']);

    const again = waits();
    let said = '';
    again.stdout!.on('data', (text: Buffer) => (said += text.toString()));
    const command = new Command(project, ['run', 'waiting.ts', '--run-id', 'kept', '--json']);
    await command.hasWritten(/Run kept of waiting/);
    writeFileSync(path.join(project, 'go'), '');
    const [finished] = await Promise.all([command.finished, once(again, 'exit')]);
    expect(finished.code).toBe(0);
    const values = { end: 'went' };
    expect(JSON.parse(finished.stdout)).toMatchObject({ runId: 'kept', status: 'succeeded', values });
    expect(JSON.parse(said.replace('waiting\n', ''))).toEqual({ status: 'succeeded', values });
    const { stdout } = await runWarm(project, ['lineage', '--run', 'kept', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ items: [{ knotId: 'wait', attempt: 1 }] });
  } finally {
    worker.signal('SIGTERM');
    await worker.finished;
  }
});
