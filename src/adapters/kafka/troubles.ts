import type { SelvageError } from '../../errors';
import type { TriggerHost } from '../../triggers';

/**
 * Troubles that prevent parts of a trigger from delivering. The host is told one at a time: the first that is
 * not over, and one that passes by itself only where there is no other.
 */
export class Troubles {
  readonly #host: TriggerHost;
  readonly #all = new Map<string, SelvageError>();
  #told: SelvageError | undefined;
  #note: string | undefined;

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

  /** What is to be known although it is no trouble; undefined if nothing is. */
  note(text: string | undefined): void {
    if (text === this.#note) return;
    this.#note = text;
    this.#tell(true);
  }

  /** Drops the troubles of parts that belong to others now. */
  keepOnly(isKept: (part: string) => boolean): void {
    for (const part of [...this.#all.keys()]) if (!isKept(part)) this.#all.delete(part);
    this.#tell();
  }

  #tell(isNews = false): void {
    const all = [...this.#all.values()];
    const first = all.find(({ details }) => details['brief'] !== true) ?? all[0];
    if (first === this.#told && !isNews) return;
    this.#told = first;
    this.#host.trouble(first, first ? undefined : this.#note);
  }
}
