import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { ERROR_CODES, SelvageError, type ErrorCode } from '../errors';
import { pathOf, type Operation } from '../operations/operation';
import { answerJson, fromAnswerJson } from '../values/answer-json';
import type { ProblemDocument } from './problem-document';

/** Where an API is, and as whom it is asked. */
export interface RemoteOptions {
  /** The page's address, such as `https://selvage.example.org/`. Its API is below, at `api/v1`. */
  readonly url: string;
  /** One of `SELVAGE_API_TOKENS` there, or the page's own. */
  readonly token?: string | undefined;
}

/**
 * The token for an API that is asked from here: `SELVAGE_TOKEN`, else what is in the file that `SELVAGE_TOKEN_FILE` names.
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

/** Asks operations of the API of a page that runs elsewhere, with the answers that they have there. */
export class RemoteApi {
  readonly #base: URL;
  readonly #token: string | undefined;

  /** @throws SelvageError `InvalidAddress` */
  constructor({ url, token }: RemoteOptions) {
    const base = parsed(url);
    if (!base || !/^https?:$/.test(base.protocol)) {
      throw new SelvageError(
        'InvalidAddress',
        `${JSON.stringify(url)} is no address of a page: write it as https://HOST/ or http://HOST:PORT/.`,
        { details: { address: url } },
      );
    }
    this.#base = new URL('api/v1/', base.href.endsWith('/') ? base : `${base.href}/`);
    this.#token = token;
  }

  /** The address of the API, without what it may have of a password. */
  get address(): string {
    return `${this.#base.origin}${this.#base.pathname}`;
  }

  /**
   * @throws SelvageError `Unauthenticated` for an act without a token; `ServerUnreachable` if the API does not answer: an act may have been carried out then, which asking again with its
   * key finds out; and what the operation is refused for there
   */
  async invoke<One extends Operation>(
    operation: One,
    ask: z.input<One['ask']>,
  ): Promise<z.output<One['answer']>> {
    const { name, kind } = operation;
    // Not in the query of a URL, which does not tell the text 1 from the number.
    const path = kind === 'question' ? `${pathOf(name)}/query` : pathOf(name);
    if (kind === 'act' && this.#token === undefined) {
      throw new SelvageError(
        'Unauthenticated',
        `To act at ${this.address} takes a token. Put it into SELVAGE_TOKEN, or its file's name into SELVAGE_TOKEN_FILE.`,
      );
    }
    let response: Response;
    let text: string;
    try {
      response = await fetch(new URL(path, this.#base), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
        },
        body: JSON.stringify(answerJson(ask)),
        // A token is for this address alone.
        redirect: 'error',
      });
      text = await response.text();
    } catch (error) {
      const { cause } = error as { cause?: Error };
      throw this.#unreachable(`does not answer: ${(cause ?? (error as Error)).message}`, error);
    }
    const answer = jsonOf(text);
    if (response.ok && typeof answer === 'object') return fromAnswerJson(answer) as z.output<One['answer']>;
    const { code, detail, details } = (answer ?? {}) as Partial<ProblemDocument>;
    if (code === undefined || detail === undefined)
      throw this.#unreachable(`answers ${response.status}, and is no API of Selvage`);
    // A newer version may have codes that this one does not know.
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
