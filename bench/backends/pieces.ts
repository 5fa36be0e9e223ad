export const MEBIBYTE = 1024 * 1024;
export const MEBIBYTES = 500;

/** 500 MiB, no two of whose pieces are alike. */
export async function* pieces(): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < MEBIBYTES; index++) {
    const piece = Buffer.alloc(MEBIBYTE, index & 0xff);
    piece.writeUInt32LE(index);
    yield piece;
  }
}
