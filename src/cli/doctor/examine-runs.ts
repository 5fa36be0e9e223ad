import { createInMemoryBackends, openBackends, type BackendReport } from '../../backends';
import { inspectEmbeddedServer } from '../../server';
import { nameSome, plural } from '../output/format';
import { about, type Finding } from './finding';

/** Runs on the project's own server without a record, because their run history was deleted or replaced. */
export async function examineRuns(
  projectDir: string,
  inspected: Promise<BackendReport[]>,
): Promise<Finding[]> {
  try {
    const { phase, address } = inspectEmbeddedServer(projectDir);
    const history = (await inspected).find(({ backends }) => backends.includes('history'));
    if (phase !== 'running' || address === undefined || !history) return [];
    const identity = history.state === 'absent' ? undefined : await identityOf(projectDir);
    const runs = await runsOfOthers(address, identity);
    if (runs.length === 0) return [];
    return [
      about('Runs').error(
        `${plural(runs.length, 'run')} on the server, not in the run history: ${nameSome(runs.slice(0, 5), runs.length)}`,
        'Their run history was deleted or replaced, so that they wait for ever. Put it back, or end them: `selvage runs terminate RUN`.',
      ),
    ];
  } catch {
    // Other findings report a server or a history that cannot be used.
    return [];
  }
}

async function identityOf(projectDir: string): Promise<string> {
  const backends = await openBackends({ projectDir, encryption: false, openLate: true });
  try {
    return await backends.runHistory.identity();
  } finally {
    await backends.close();
  }
}

async function runsOfOthers(address: string, identity: string | undefined): Promise<string[]> {
  const { Selvage } = await import('../../client/index.js');
  const { runningWorkflows } = await import('../../connection/running-workflows.js');
  const { isOfOtherHistory } = await import('../../connection/unbegun-run.js');
  const selvage = await Selvage.connect({ address, backends: createInMemoryBackends() });
  const runs: string[] = [];
  try {
    for await (const { workflowId, readMemo } of runningWorkflows(selvage.client.workflow)) {
      const memo = await readMemo();
      if (memo && !('temporalRunId' in memo) && isOfOtherHistory(memo, identity)) runs.push(workflowId);
    }
  } finally {
    await selvage.close();
  }
  return runs;
}
