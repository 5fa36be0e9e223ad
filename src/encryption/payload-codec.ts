import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { SelvageError } from '../errors';
import type { Encryption } from './encryption';
import type { Keyring } from './keyring';
import { SealBroken, seal, unseal } from './sealed-form';

const ENCODING = 'binary/selvage-sealed';
/** Seals bind payloads to this name only, as the server may move a payload from event to event. */
const NAME = 'payload';
const { Payload: PayloadMessage } = temporal.api.common.v1;

/** Seals payloads with the current master key, and opens those from the server; unsealed ones pass unchanged. */
export class SealingPayloadCodec implements PayloadCodec {
  constructor(private readonly keyring: Keyring) {}

  /** @throws SelvageError `BackendUnavailable` (the holder of the keys does not answer) */
  async encode(payloads: Payload[]): Promise<Payload[]> {
    if (payloads.length === 0) return payloads;
    const key = await this.keyring.current();
    return payloads.map((payload) => ({
      metadata: { encoding: Buffer.from(ENCODING), key: Buffer.from(key.id) },
      data: seal(key, NAME, PayloadMessage.encode(payload).finish()),
    }));
  }

  /** @throws SelvageError `KeyMissing`, `ValueDamaged`, `BackendUnavailable` */
  decode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.all(payloads.map((payload) => this.#open(payload)));
  }

  async #open(payload: Payload): Promise<Payload> {
    const { encoding, key: id } = payload.metadata ?? {};
    if (!encoding || Buffer.from(encoding).toString() !== ENCODING) return payload;
    const key = await this.keyring.get(Buffer.from(id ?? []).toString());
    try {
      return PayloadMessage.decode(unseal(key, NAME, payload.data ?? new Uint8Array()));
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error;
      throw new SelvageError(
        'ValueDamaged',
        `A payload of Temporal's history that is sealed with the key "${key.id}" does not open: the payload was changed, ` +
          'or the key of this id is another one now.',
        { details: { key: key.id } },
      );
    }
  }
}

/** Adds sealing after the codecs of the user's converter. */
export function sealingConverter(
  converter: DataConverter | undefined,
  encryption: Encryption | undefined,
): DataConverter | undefined {
  if (!encryption?.payloads) return converter;
  const own = converter?.payloadCodecs ?? [];
  // A client that passes its converter on to a worker has already added the codec.
  if (own.some((codec) => codec instanceof SealingPayloadCodec)) return converter;
  return { ...converter, payloadCodecs: [...own, new SealingPayloadCodec(encryption.keyring)] };
}
