import type { ErrorCode } from './codes';

/** Its index has an anchor for each code, and leads on to the section. So an address stays true if sections move. */
const INDEX = 'https://github.com/selvage/selvage/blob/main/docs/errors.md';

/** The address of the documentation of a code: its cause, the remedy, and an example. */
export function docsOf(code: ErrorCode): string {
  return `${INDEX}#${code.toLowerCase()}`;
}
