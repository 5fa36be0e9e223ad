import type { SelvageError } from '../../errors';
import type { TriggerHost } from '../../triggers';

/**
 * Troubles that prevent parts of a trigger from delivering. The host is told one at a time: the first that is
 * not over.
 */
export class Troubles {
  readonly #host: TriggerHost;
  readonly #all = new Map<string, SelvageError>();
  #told: SelvageError | undefined;

  constructor(host: TriggerHost) {
    this.#host = host;
  }

  set(part: string, error: SelvageError): void {
    // A repeated error is not reported again.
    if (this.#all.get(part)?.code === error.code) return;
    this.#all.set(part, error);
    this.#tell();
  }

  clear(part: string): void {
    if (this.#all.delete(part)) this.#tell();
  }

  /** Drops the troubles of parts that belong to others now. */
  keepOnly(isKept: (part: string) => boolean): void {
    for (const part of [...this.#all.keys()]) if (!isKept(part)) this.#all.delete(part);
    this.#tell();
  }

  #tell(): void {
    const [first] = this.#all.values();
    if (first === this.#told) return;
    this.#told = first;
    this.#host.trouble(first);
  }
}
