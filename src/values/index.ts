export { type Json, canonicalJson } from './json';
export { type Encoded, encodedSize, utf8Length } from './encoded';
export { encodeAttached, encodeJson, encodeValue, jsonOf } from './encode';
export {
  decodeJson,
  decodeTable,
  decodeText,
  decodeValue,
  referenceRefused,
  type DecodeOptions,
} from './decode';
export {
  type Sha256,
  contentHash,
  defaultSha256,
  hashJson,
  hashText,
  isBytesHash,
  isHash,
  isTableHash,
  packHash,
  unpackHash,
} from './hash';
export { defined } from './defined';
export { asPlainBytes, isObject } from './kinds';
export { StoredBytes } from './stored-bytes';
export { registerValueCodec } from './value-codecs';
export { listOfParts, listParts, partOf, recordOfParts, recordParts, valueOfPart } from './parts';
