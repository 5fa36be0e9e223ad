import { isBoolean, whole, type Checks } from '../authoring/checks';
import { toCloudEvent, type CloudEvent, type EventData } from './cloud-event';
import type { DeliveryContext } from './emitter';
import type { RunEvent } from './event';
import { payloadOf } from './payload';

/** Options of emitters that send CloudEvents. */
export interface EnvelopeOptions {
  /** Start of the attribute `source`, a URI-reference; the tapestry's name follows. Default `selvage:`. */
  readonly source?: string;
  /** Whether to send values of knots, not only hashes. Default false. */
  readonly payloads?: boolean;
  /** Largest sent value, in bytes. Default 65,536. */
  readonly payloadLimit?: number;
}

/** Checked, with defaults. */
export type Envelope = Required<EnvelopeOptions>;

export const ENVELOPE: Envelope = { source: 'selvage:', payloads: false, payloadLimit: 65_536 };
const LARGEST_PAYLOAD = 16 * 1024 * 1024;

export const ENVELOPE_CHECKS: Checks<EnvelopeOptions> = {
  source: (value) =>
    typeof value === 'string' && /^[\w\-.~:/?#[\]@!$&'()*+,;=%]{1,500}$/.test(value)
      ? undefined
      : 'must be a URI-reference, such as "https://data.example.com/selvage/"',
  payloads: isBoolean,
  payloadLimit: whole(1, LARGEST_PAYLOAD),
};

/** The CloudEvent, with the knot's value if the emitter sends values. @throws SelvageError if it cannot be read now */
export async function enveloped(
  event: RunEvent,
  { source, payloads, payloadLimit }: Envelope,
  context: Pick<DeliveryContext, 'value'>,
): Promise<CloudEvent<EventData>> {
  if (!payloads || event.type !== 'knot-finished') return toCloudEvent(event, { source });
  const payload = await payloadOf(event.record, payloadLimit, (hash) => context.value(hash));
  return toCloudEvent(event, { source, payload });
}
