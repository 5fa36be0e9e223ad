import type { ErrorCode } from './codes';

/** The documentation's index has an anchor for each code, which leads on to the section and stays if sections move. */
const INDEX = 'https://github.com/selvage/selvage/blob/main/docs/errors.md';

/** The address of the documentation of a code: its cause, the remedy, and an example. */
export function docsOf(code: ErrorCode): string {
  return `${INDEX}#${code.toLowerCase()}`;
}
