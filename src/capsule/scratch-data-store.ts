import { InMemoryDataStore } from '../adapters/memory';
import { inOnePiece } from '../ports/parts/pieces';
import { nodeSha256 } from '../node-sha256';
import type { DataStore } from '../ports';
import type { ValueDigest } from '../encryption/digests';

/** Holds values that repeated bodies store, for a short time; reads all others from the run's store. */
export class ScratchDataStore extends InMemoryDataStore {
  readonly #stored = new Map<string, Uint8Array>();
  readonly #inner: Pick<DataStore, 'getStream'>;
  readonly #digest: ValueDigest;

  constructor(inner: Pick<DataStore, 'getStream'>, digest: ValueDigest) {
    super();
    this.#inner = inner;
    this.#digest = digest;
  }

  override async putStream(source: AsyncIterable<Uint8Array>): Promise<{ hash: string; size: number }> {
    const pieces: Uint8Array[] = [];
    for await (const piece of source) pieces.push(piece);
    const bytes = Buffer.concat(pieces);
    const hash = `bytes-sha256:${this.#digest.ofSha256(nodeSha256(bytes))}`;
    this.#stored.set(hash, bytes);
    return { hash, size: bytes.byteLength };
  }

  override async getStream(hash: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const bytes = this.#stored.get(hash);
    return bytes ? inOnePiece(bytes) : await this.#inner.getStream(hash);
  }
}
