import path from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ENVIRONMENT, type FixedProject } from './fixed-project';
import { typesOf } from './normalise';

const main = path.resolve(__dirname, '../../../lib/cli/main.js');

/** `selvage mcp`, with the tools that write. */
export class McpFace {
  private constructor(
    private readonly project: FixedProject,
    private readonly client: Client,
  ) {}

  static async open(project: FixedProject): Promise<McpFace> {
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [main, 'mcp', 'pipeline.ts', '--allow-write'],
        cwd: project.folder,
        env: { ...(process.env as Record<string, string>), ...ENVIRONMENT },
        stderr: 'ignore',
      }),
    );
    // Acts wait until the server is reached; what is asked before is answered from the records alone.
    await client.callTool({
      name: 'runs_signal',
      arguments: { runId: 'nobody', signal: 'approve', payload: null },
    });
    return new McpFace(project, client);
  }

  async close(): Promise<void> {
    await this.client.close();
  }

  async names(): Promise<string[]> {
    return (await this.client.listTools()).tools.map(({ name }) => name);
  }

  /** A tool as models see it. */
  async description(name: string): Promise<string> {
    const { tools } = await this.client.listTools();
    return `${this.project.normaliser.json(tools.find((tool) => tool.name === name))}\n`;
  }

  async call(name: string, input: Record<string, unknown>): Promise<string> {
    const { content, isError = false } = await this.client.callTool({ name, arguments: input });
    const [{ text }] = content as [{ text: string }];
    const { normaliser } = this.project;
    return [
      normaliser.text(`${name} ${JSON.stringify(input)}`),
      isError === true ? 'an error' : 'an answer',
      isJson(text)
        ? normaliser.json(name === 'docs_search' ? typesOf(JSON.parse(text)) : JSON.parse(text))
        : normaliser.text(text),
      '',
    ].join('\n');
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
