/** libsql gives blobs as `ArrayBuffer`, better-sqlite3 and pg as `Buffer`, node:sqlite as `Uint8Array`. */
export type SqlBlob = Uint8Array | ArrayBuffer;

export function bytesOfBlob(blob: SqlBlob): Uint8Array {
  return ArrayBuffer.isView(blob) ? blob : new Uint8Array(blob);
}
