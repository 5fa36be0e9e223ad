import { asPlainBytes } from '../../values';
import { EndingLink, type Frame, type Link } from '../protocol/link';

interface Message {
  readonly header: string;
  readonly attachments: readonly Uint8Array[];
}

interface Port {
  post(message: Message, transfer: readonly ArrayBuffer[]): void;
  close(): void;
}

/** Carries frames between two threads. The link moves attachments that own their memory, and copies all others. */
export class PortLink extends EndingLink implements Link {
  /** Headers stay whole. */
  readonly mostHeaderBytes = Infinity;
  #early: Frame[] | undefined = [];
  #onFrame: ((frame: Frame) => void) | undefined;

  constructor(private readonly port: Port) {
    super();
  }

  send(header: string, attachments: readonly Uint8Array[] = []): void {
    if (this.ended) return;
    const own = attachments.map(inOwnMemory);
    this.port.post({ header, attachments: own }, [
      ...new Set(own.map(({ buffer }) => buffer as ArrayBuffer)),
    ]);
  }

  take(message: unknown): void {
    const { header, attachments } = message as Message;
    const frame = { header: JSON.parse(header) as Frame['header'], attachments };
    if (this.#onFrame) this.#onFrame(frame);
    else this.#early?.push(frame);
  }

  onFrame(listener: (frame: Frame) => void): void {
    this.#onFrame = listener;
    const early = this.#early ?? [];
    this.#early = undefined;
    early.forEach(listener);
  }

  close(): void {
    this.port.close();
  }
}

/** Memory that is shared, or has other bytes in it, cannot be given away. */
function inOwnMemory(bytes: Uint8Array): Uint8Array {
  const { buffer } = bytes;
  return buffer instanceof ArrayBuffer && bytes.byteLength === buffer.byteLength
    ? bytes
    : asPlainBytes(bytes).slice();
}
