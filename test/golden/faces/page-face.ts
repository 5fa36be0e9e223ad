import { ACT_HEADER } from '../../../src/api/guard';
import { pathOf } from '../../../src/operations/operation';
import { pageAt, send, type Answer, type TestPage } from '../../support/page';
import { until } from '../../support/until';
import type { FixedProject } from './fixed-project';
import { typesOf } from './normalise';

/** The page of a project, in a process of its own. */
export class PageFace {
  private constructor(
    private readonly project: FixedProject,
    readonly page: TestPage,
  ) {}

  static async open(project: FixedProject): Promise<PageFace> {
    const command = project.begin('ui', 'pipeline.ts', '--port', '0');
    const [link] = await command.hasWritten(/http:\/\/\S+token=\S+/);
    const page = pageAt(link);
    // Until it has reached the server, it answers from the records alone.
    await until('the page has reached the server', async () =>
      (await page.question('project.about', {})).body.includes('"serverState":"connected"'),
    );
    return new PageFace(project, page);
  }

  async question(name: string, ask: object, { hasToken = false } = {}): Promise<string> {
    const headers: Record<string, string> = hasToken ? { authorization: `Bearer ${this.page.token}` } : {};
    const answer = await this.page.question(name, ask, headers);
    return this.shown(
      `GET ${pathTo(name)} ${JSON.stringify(ask)}${hasToken ? ', with the token' : ''}`,
      answer,
    );
  }

  /** @param without headers that are left out */
  async act(
    name: string,
    ask: object,
    headers: Readonly<Record<string, string>> = {},
    without: readonly string[] = [],
  ): Promise<string> {
    const all = {
      'content-type': 'application/json',
      [ACT_HEADER]: '1',
      authorization: `Bearer ${this.page.token}`,
      ...headers,
    };
    const kept = Object.fromEntries(Object.entries(all).filter(([header]) => !without.includes(header)));
    const path = pathTo(name);
    const answer = await send(`${this.page.url}${path}`, {
      method: 'POST',
      headers: kept,
      body: JSON.stringify(ask),
    });
    const told = [
      ...Object.entries(headers).map(([header, value]) => `, ${header}: ${value}`),
      ...without.map((header) => `, without ${header}`),
    ];
    return this.shown(`POST ${path} ${JSON.stringify(ask)}${told.join('')}`, answer);
  }

  private shown(asked: string, { status, headers, body }: Answer): string {
    const { normaliser } = this.project;
    const type = headers['content-type'] ?? '';
    return [
      normaliser.text(asked),
      `status ${status}, ${type}`,
      /^application\/(?:problem\+)?json/.test(type)
        ? normaliser.json(/ docs\/search/.test(asked) ? typesOf(JSON.parse(body)) : JSON.parse(body))
        : normaliser.text(body),
      '',
    ].join('\n');
  }
}

const pathTo = (name: string): string => `api/v1/${pathOf(name)}`;
