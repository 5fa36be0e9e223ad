import { createHash } from 'node:crypto';
import { nodeSha256 } from '../node/node-sha256';
import { encodePieces } from '../tables/block-content';
import type { TableManifest } from '../tables/manifest';
import { nameOf, type Field } from '../tables/types';
import type { BatchRange } from '../tables/vector';

/** Hashes the blocks of a table, one after another. */
export class TableHasher {
  private readonly digests: Uint8Array[][];

  /** @param blocks the digests of a table's first blocks for each column, which are not hashed again */
  constructor(
    private readonly fields: readonly Field[],
    private rows = 0,
    blocks?: readonly Uint8Array[],
  ) {
    this.digests = fields.map((_, column) => (blocks ? [blocks[column]!] : []));
  }

  add(block: readonly BatchRange[]): void {
    this.fields.forEach((_, column) => {
      const digest = createHash('sha256');
      const pieces = block.map(({ batch, from, to }) => ({ vector: batch.columns[column]!, from, to }));
      encodePieces(pieces, (bytes) => digest.update(bytes));
      this.digests[column]!.push(digest.digest());
    });
    for (const { from, to } of block) this.rows += to - from;
  }

  end(): Pick<TableManifest, 'rows' | 'columns' | 'blocks'> {
    const joined = this.digests.map((digests) => Buffer.concat(digests));
    return {
      rows: this.rows,
      columns: this.fields.map(({ name, type }, column) => ({
        hash: nodeSha256(joined[column]!),
        name,
        type: nameOf(type),
      })),
      blocks: joined.map((digests) => digests.toString('base64')),
    };
  }
}
