import path from 'node:path';
import { projectFolder } from '../../node/project-folder';
import { reserveStandardOutput } from '../../node/terminal';
import { flag, type Chosen } from '../options/option';
import { SERVER } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import type { Output } from '../output/output';
import { hasResult } from '../process/early-end';
import { Interruption } from '../process/interruption';
import { verb } from '../table/verb';

const OPTIONS = {
  allowWrite: flag('let it start, signal and resume runs, too'),
  ...SERVER,
};

export const addMcp = verb({
  name: 'mcp',
  summary: 'MCP server for assistants: runs, values, lineage, documentation',
  description:
    'Serves the Model Context Protocol on stdin and stdout, for an assistant that starts this command. Its tools read runs, knots, values and lineage, compare runs, ' +
    'preview plans of the file and search the documentation. It reads only, unless --allow-write lets it start, signal and resume runs. It ends when its input ends.',
  arguments: { '[file]': 'file that exports tapestries: for previews of plans, and to start runs' },
  options: OPTIONS,
  after:
    '\nExamples:\n  $ selvage mcp\n  $ selvage mcp pipeline.ts --allow-write\n  $ claude mcp add selvage -- npx selvage mcp pipeline.ts',
  /** stdout carries only the protocol: all other output, including the file's own, goes to stderr. */
  async work(file: string | undefined, options: Chosen<typeof OPTIONS>, output: Output) {
    const stdout = reserveStandardOutput();
    const end = new Interruption(output);
    const { openBackends } = await import('../../backends/index.js');
    const { loadFile } = await import('../files/load-file.js');
    const { openFor } = await import('../location/connect.js');
    const { requireProject } = await import('../location/records.js');
    const { currentActor } = await import('../../client/index.js');
    const { ServerReach } = await import('../../operations/reach.js');
    const { projectData } = await import('../../operations/surroundings.js');
    const { serveTools } = await import('../../mcp/index.js');
    const { keepTypeScriptLoadable } = await import('../../user-modules/index.js');
    if (file === undefined) requireProject(options);
    const projectDir = projectFolder(options.projectDir);
    const loaded = file === undefined ? undefined : await loadFile(file);
    if (loaded) keepTypeScriptLoadable();
    const backends = await openBackends({ projectDir, openLate: true });
    const reach = new ServerReach(() => openFor(undefined, options, output, { backends }));
    const { allowWrite = false } = options;
    try {
      const actor = currentActor();
      await serveTools(
        {
          data: projectData(backends, reach, { ...loaded, project: path.basename(projectDir) }),
          rights: {
            mayAct: allowWrite,
            isReadOnly: !allowWrite,
            maySeeSecrets: false,
            opensSealed: false,
            trigger: 'mcp',
            ...(actor !== null && { actor }),
          },
          mayWrite: allowWrite,
          input: process.stdin,
          write: (text, done) => stdout.write(text, done),
          onError: (error) =>
            output.warn(`${output.yellow('warning')} The client sent what cannot be read: ${error.message}`),
        },
        end.asked,
      );
      return hasResult(EXIT.ok);
    } finally {
      end.stop();
      await reach.close();
      await backends.close();
    }
  },
});
