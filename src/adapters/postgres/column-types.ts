const BOOL = 16;
const BYTEA = 17;
const NUMBERS = new Set([20, 21, 23, 26, 700, 701, 1700]);

const asIs = (value: unknown): unknown => value;
const asNumber = (text: string): number => Number(text);
const asBoolean = (text: string): boolean => text === 't';
const asBytes = (text: string): Buffer => Buffer.from(text.slice(2), 'hex');

/**
 * How columns are parsed, passed with each query, whatever the process or the pool's owner has configured. An int8
 * becomes a number, as ids, sizes and counts stay far below 2^53. Types that Selvage does not use stay text.
 */
export const COLUMN_TYPES = {
  getTypeParser(oid: number, format?: string): (value: any) => any {
    if (format === 'binary') return asIs;
    if (NUMBERS.has(oid)) return asNumber;
    if (oid === BYTEA) return asBytes;
    return oid === BOOL ? asBoolean : asIs;
  },
};
