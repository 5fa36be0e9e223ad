import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import type { OpenLineageSettings } from '../../emitters/open-lineage';
import { SelvageError } from '../../errors';
import type { RunEvent } from './specification';

/** Sends events; returns the reason if the receiver will never take an event, and throws if a retry may succeed. */
export interface Transport {
  send(event: RunEvent, signal: AbortSignal): Promise<string | undefined>;
  /** Makes all sent events durable. */
  flush(): Promise<void>;
}

/** The statuses for a wrong event; with any other status, a retry may succeed. */
const REFUSED = new Set([400, 413, 422]);
const SHOWN = 300;

/** Throws `InvalidConfig` if the environment lacks the key. */
export function openTransport(
  { to }: OpenLineageSettings,
  { name, projectDir, environment }: { name: string; projectDir: string; environment: NodeJS.ProcessEnv },
): Transport {
  if ('file' in to) return new FileTransport(path.resolve(projectDir, to.file));
  const { apiKey } = to;
  const key = apiKey?.env === undefined ? apiKey?.reveal() : environment[apiKey.env]?.trim();
  if (apiKey && !key)
    throw new SelvageError(
      'InvalidConfig',
      `The emitter "${name}" takes its key from the environment variable ${apiKey.env!}, which is not set, or is empty.`,
      { details: { emitter: name, option: 'apiKey', env: apiKey.env, reason: 'MissingPart' } },
    );
  return new HttpTransport(to.url, to.requestTimeout, key);
}

class HttpTransport implements Transport {
  constructor(
    private readonly url: string,
    private readonly timeout: number,
    private readonly key: string | undefined,
  ) {}

  async send(event: RunEvent, signal: AbortSignal): Promise<string | undefined> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(this.key !== undefined && { authorization: `Bearer ${this.key}` }),
      },
      body: JSON.stringify(event),
      // A redirect would carry the key elsewhere.
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(this.timeout)]),
    });
    const said = await response.text();
    if (response.ok) return undefined;
    const answer = `${this.url} answered ${response.status}: ${said.slice(0, SHOWN)}`;
    if (REFUSED.has(response.status)) return answer;
    throw new Error(answer);
  }

  async flush(): Promise<void> {}
}

/** Appends all events of a delivery at once, so that no events of another writer come between them. */
class FileTransport implements Transport {
  private lines: string[] = [];

  constructor(private readonly file: string) {}

  async send(event: RunEvent): Promise<undefined> {
    this.lines.push(`${JSON.stringify(event)}\n`);
  }

  async flush(): Promise<void> {
    const lines = this.lines.splice(0);
    if (lines.length === 0) return;
    await mkdir(path.dirname(this.file), { recursive: true });
    const file = await open(this.file, 'a');
    try {
      await file.appendFile(lines.join(''));
      await file.datasync();
    } finally {
      await file.close();
    }
  }
}
