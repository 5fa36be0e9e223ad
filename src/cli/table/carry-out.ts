import type { z } from 'zod';
import { requireFeed } from '../../deliveries';
import { invoke } from '../../operations/invoke';
import type { Operation } from '../../operations/operation';
import { ServerReach } from '../../operations/reach';
import { ownRights, projectData } from '../../operations/surroundings';
import type { Backends } from '../../ports';
import { apiOf, type ApiOptions, type ServerOptions } from '../options/server-options';
import { withClient } from '../location/connect';
import { requireHistory, withRecords } from '../location/records';
import type { Output } from '../output/output';

/** Who waits at a command line decides how long, by Ctrl-C. */
const PATIENCE_MS = 600_000;

/** Says an answer in words, and warns of what is in it. */
export type Show<One extends Operation> = (
  answer: z.output<One['answer']>,
  ask: z.input<One['ask']>,
  output: Output,
  options: ServerOptions,
) => string;

/** Connects to what an operation needs, or to a page elsewhere, and prints its answer: as it is with `--json`, else in words. */
export async function carryOut<One extends Operation>(
  operation: One,
  ask: z.input<One['ask']>,
  show: Show<One>,
  options: ServerOptions & ApiOptions,
  output: Output,
): Promise<number> {
  const told = (answer: z.output<One['answer']>): number => {
    return output.finish(answer, () => show(answer, ask, output, options));
  };
  const api = apiOf(options);
  if (api !== undefined) {
    const { RemoteApi, tokenOf } = await import('../../api/remote.js');
    const remote = new RemoteApi({ url: api, token: tokenOf(process.env) });
    output.say(`API ${remote.address}`);
    return told(await remote.invoke(operation, ask));
  }
  const { needs = ['records'] } = operation;
  const answerFrom = async (backends: Backends, reach: ServerReach): Promise<number> => {
    if (needs.includes('changes')) requireFeed(backends.runHistory);
    const of = { ...projectData(backends, reach), caller: ownRights('cli') };
    return told(await invoke(operation, of, ask));
  };
  if (!needs.includes('server')) {
    const reach = ServerReach.none('It is answered from records alone.');
    return await withRecords(options, (backends) => answerFrom(backends, reach));
  }
  if (needs.includes('records')) requireHistory(options);
  return await withClient(options, output, (selvage) =>
    answerFrom(selvage.backends, ServerReach.of(selvage, PATIENCE_MS)),
  );
}
