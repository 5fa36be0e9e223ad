import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { ERROR_CODES, SelvageError, type ErrorCode } from '../errors';
import { pathOf, type Operation } from '../operations/operation';
import { answerJson, fromAnswerJson } from '../values/answer-json';
import { isLoopback } from './guard';
import type { ProblemDocument } from './problem-document';

interface RemoteOptions {
  /** The page's address, such as `https://selvage.example.org/`. The page's API is below this address, at `api/v1`. */
  readonly url: string;
  /** A token: one of the page's `SELVAGE_API_TOKENS`, or the page's own. */
  readonly token?: string | undefined;
}

/**
 * The token: `SELVAGE_TOKEN`, else the content of the file in `SELVAGE_TOKEN_FILE`.
 *
 * @throws SelvageError `InvalidConfig` if that file cannot be read
 */
export function tokenOf(environment: NodeJS.ProcessEnv): string | undefined {
  const { SELVAGE_TOKEN: token, SELVAGE_TOKEN_FILE: file } = environment;
  if (token !== undefined && token !== '') return token;
  if (file === undefined || file === '') return undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new SelvageError(
      'InvalidConfig',
      `The file ${file}, which SELVAGE_TOKEN_FILE names, cannot be read: ${(error as Error).message}.`,
      { details: { variable: 'SELVAGE_TOKEN_FILE', file }, cause: error },
    );
  }
}

/** Invokes operations by the API of a page elsewhere. */
export class RemoteApi {
  readonly #base: URL;
  readonly #token: string | undefined;

  /** @throws SelvageError `InvalidAddress`; `InvalidConfig` for a token that cannot be sent, or only unencrypted */
  constructor({ url, token }: RemoteOptions) {
    const page = parsed(url);
    // A wrong address may contain a password, so the message does not repeat it.
    if (!page || !/^https?:$/.test(page.protocol) || page.username !== '' || page.password !== '') {
      throw new SelvageError(
        'InvalidAddress',
        'The address of the page (--api, SELVAGE_API) is none: write it as https://HOST/ or http://HOST:PORT/, without a user and a password.',
      );
    }
    if (token !== undefined && !/^[\w.~+/=-]+$/.test(token))
      throw wrongToken('is no token: it has other characters than a token may have, such as white space');
    const isHere = isLoopback(page.hostname.replace(/^\[|\]$/g, ''));
    if (token !== undefined && page.protocol === 'http:' && !isHere)
      throw wrongToken(
        `would go to ${page.origin} as plain text, readable by everybody on the way: use https`,
      );
    this.#base = new URL(`${page.pathname.replace(/\/$/, '')}/api/v1/`, page.origin);
    this.#token = token;
  }

  get address(): string {
    return `${this.#base.origin}${this.#base.pathname}`;
  }

  /**
   * @throws SelvageError `Unauthenticated` (an act without a token), `ServerUnreachable` (no answer; an act may
   * have been carried out all the same), and the operation's errors
   */
  async invoke<One extends Operation>(
    operation: One,
    ask: z.input<One['ask']>,
  ): Promise<z.output<One['answer']>> {
    const { name, kind } = operation;
    // A URL's query does not distinguish the text 1 from the number.
    const path = kind === 'question' ? `${pathOf(name)}/query` : pathOf(name);
    if (kind === 'act' && this.#token === undefined) {
      throw new SelvageError(
        'Unauthenticated',
        `To act at ${this.address} takes a token. Put it into SELVAGE_TOKEN, or its file's name into SELVAGE_TOKEN_FILE.`,
      );
    }
    // Resolves times by this machine's time zone, as the page may be in another one. The page refuses a wrong ask.
    const { success, data } = (operation.ask as z.ZodType).safeParse(ask);
    let response: Response;
    let text: string;
    try {
      response = await fetch(new URL(path, this.#base), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
        },
        body: JSON.stringify(answerJson(success ? data : ask)),
        // A redirect would send the token to another address.
        redirect: 'error',
      });
      text = await response.text();
    } catch (error) {
      const { cause } = error as { cause?: Error };
      const isDone = kind === 'act' ? '; what it was asked to do may be done nevertheless' : '';
      throw this.#unreachable(`does not answer: ${(cause ?? (error as Error)).message}${isDone}`, error);
    }
    const answer = jsonOf(text);
    const read: unknown = response.ok ? fromAnswerJson(answer) : undefined;
    if ((operation.answer as z.ZodType).safeParse(read).success) return read as z.output<One['answer']>;
    const { code, detail, details } = (answer ?? {}) as Partial<ProblemDocument>;
    if (response.ok || code === undefined || detail === undefined)
      throw this.#unreachable(`answers ${response.status}, and is no API of this version of Selvage`);
    // A newer version may have unknown codes.
    const known: ErrorCode = Object.hasOwn(ERROR_CODES, code) ? code : 'InternalError';
    throw new SelvageError(known, known === code ? detail : `${code}: ${detail}`, {
      details: (details ?? {}) as Record<string, unknown>,
    });
  }

  #unreachable(what: string, cause?: unknown): SelvageError {
    return new SelvageError(
      'ServerUnreachable',
      `The API at ${this.address} ${what}. Check the address (--api, SELVAGE_API), and that \`selvage ui\` or \`selvage serve --ui\` runs there.`,
      { details: { address: this.address, away: true }, cause },
    );
  }
}

function wrongToken(reason: string): SelvageError {
  return new SelvageError(
    'InvalidConfig',
    `The token in SELVAGE_TOKEN, or in the file of SELVAGE_TOKEN_FILE, ${reason}.`,
    { details: { variable: 'SELVAGE_TOKEN' } },
  );
}

function parsed(url: string): URL | undefined {
  try {
    return new URL(url);
  } catch {
    return undefined;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
