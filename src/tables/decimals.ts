/** Decimals: a text and the integer of its units of the last digit. */

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d*))?$/;

/** `-12.50` of −1250 with scale 2. */
export function decimalText(units: bigint, scale: number): string {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return `${units < 0n ? '-' : ''}${whole}${scale === 0 ? '' : `.${digits.slice(-scale)}`}`;
}

/** The units of the last digit, or what is wrong with the text. */
export function decimalOf(text: string, scale: number): bigint | string {
  const [, sign, whole, fraction = ''] = DECIMAL.exec(text) ?? [];
  if (whole === undefined) return 'it is no decimal such as -12.50';
  if (/[1-9]/.test(fraction.slice(scale))) {
    return `it has more than ${scale} digits after the point. Round it, or declare a larger scale`;
  }
  const units = BigInt(whole + fraction.slice(0, scale).padEnd(scale, '0'));
  return sign === '-' ? -units : units;
}
