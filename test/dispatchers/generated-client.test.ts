import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { knot, tapestry } from '../../src';
import { ServerReach } from '../../src/explorer/page-server';
import { closeAll, selvageForAll, temporaryFolder } from '../support/open-selvage';
import { openPage, send } from '../support/page';
import { clusterPython, describeWithClusters } from '../support/python-environment';

const run = promisify(execFile);

const doubled = tapestry('client.doubled', { parameters: { x: z.number() } }, (_, { x }) => ({
  twice: knot('twice', ({ x }: { x: number }) => x * 2)({ x }, { id: 'twice' }),
}));

/** As somebody writes it who has only the generated package. */
const PROGRAM = `
import json, sys

from api import AuthenticatedClient
from api.api.runs import runs_show, runs_start
from api.api.values import values_show
from api.models import Problem, RunsStartAsk, ValuesShowAsk

client = AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2])
ask = RunsStartAsk.from_dict({"tapestry": "client.doubled", "parameters": {"x": 21}})
started = [runs_start.sync(client=client, body=ask, idempotency_key="once") for _ in range(2)]
assert started[0].run_id == started[1].run_id, started
while (shown := runs_show.sync(client=client, run_id=started[0].run_id)).run.status == "running":
    pass
assert shown.run.started_at.tzinfo is not None
knot = next(one for one in shown.graph.knots if one.id == "twice")
value = values_show.sync(client=client, body=ValuesShowAsk(hash_=knot.state.output_hash))
refused = runs_show.sync(client=client, run_id="nobody")
assert isinstance(refused, Problem), refused
print(json.dumps({"status": shown.run.status, "value": value.json, "code": refused.code}))
`;

describeWithClusters()('a client of Python that is generated from the OpenAPI document', () => {
  const selvage = selvageForAll({ tapestries: [doubled] });
  afterEach(closeAll);

  test('starts a run once under a key, reads its value, and is told what is wrong', async () => {
    const page = await openPage({
      backends: selvage().backends,
      reach: ServerReach.of(selvage()),
      tapestries: [doubled],
    });
    const folder = await temporaryFolder();
    const python = async (...words: string[]): Promise<string> => {
      const env = { ...process.env, PATH: `${path.dirname(clusterPython())}:${process.env['PATH']}` };
      return (await run(clusterPython(), words, { cwd: folder, env })).stdout;
    };
    const { body } = await send(`${page.url}api/v1/openapi.json`);
    await writeFile(path.join(folder, 'openapi.json'), body);
    await writeFile(path.join(folder, 'program.py'), PROGRAM);
    const told = await python(
      '-m',
      'openapi_python_client',
      'generate',
      ...['--path', 'openapi.json', '--output-path', 'api', '--meta', 'none'],
    );
    expect(told).not.toMatch(/Unable|Warning|error/i);
    const answer = JSON.parse(await python('program.py', `${page.url}api/v1`, page.token)) as object;
    expect(answer).toEqual({ status: 'succeeded', value: 42, code: 'UnknownRun' });
  });
});
