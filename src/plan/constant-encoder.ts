import { encodeValue, encodedSize, jsonOf, type Json } from '../values';
import { SelvageError } from '../errors';
import type { Hashes } from '../authoring/hashes';

/** Constants are copied into the plan, which workers hold in memory. */
const MAX_CONSTANT_BYTES = 64 * 1024 * 1024;

interface EncodedConstant {
  readonly constant: Json;
  readonly hash: string;
}

/** A constant that many knots share is encoded and hashed once. */
export class ConstantEncoder {
  private readonly objects = new Map<object, { readonly encoded: EncodedConstant; readonly bytes: number }>();
  private bytes = 0;

  constructor(private readonly hashes: Hashes) {}

  encode(value: unknown, where: string, details: Readonly<Record<string, unknown>>): EncodedConstant {
    const shared = typeof value === 'object' && value !== null;
    const known = shared ? this.objects.get(value) : undefined;
    const { encoded, bytes } = known ?? this.encodeNew(value, where, details);
    if (shared && !known) this.objects.set(value, { encoded, bytes });
    this.bytes += bytes;
    if (this.bytes > MAX_CONSTANT_BYTES) {
      throw new SelvageError(
        'PlanTooLarge',
        `${where} (${bytes} bytes) brings the constants of the plan over ${MAX_CONSTANT_BYTES} bytes: ` +
          'let a knot read large data, or pass it as a parameter.',
        { details: { ...details, bytes } },
      );
    }
    return encoded;
  }

  private encodeNew(
    value: unknown,
    where: string,
    details: Readonly<Record<string, unknown>>,
  ): { encoded: EncodedConstant; bytes: number } {
    try {
      const encoded = encodeValue(value);
      return {
        encoded: { constant: jsonOf(encoded), hash: this.hashes.of(encoded) },
        bytes: encodedSize(encoded),
      };
    } catch (error) {
      if (!SelvageError.is(error, 'NotEncodable')) throw error;
      throw new SelvageError('NotEncodable', `${where} cannot be a constant: ${error.message}`, {
        details: { ...error.details, ...details },
        cause: error,
      });
    }
  }
}
