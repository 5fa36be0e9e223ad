import { SelvageError, type ErrorCode } from '../../errors';

interface Meaning {
  readonly pattern: RegExp;
  readonly code?: ErrorCode;
  /** Whether the trouble may end by itself. */
  readonly away?: true;
  /** The words that follow "The Valkey server PLACE" in the message. */
  readonly says: string;
}

/** The first rule that matches counts. */
const MEANINGS: readonly Meaning[] = [
  {
    pattern: /^WRONGPASS|invalid password/i,
    says: 'refuses the user or the password. Correct them in the address.',
  },
  {
    pattern: /without any password configured/i,
    says: 'has no password for its default user, and the address gives one. Leave it out, or set one on the server.',
  },
  {
    pattern: /^NOAUTH/,
    says: 'wants a password. Put it into the address: valkey://user:password@host.',
  },
  {
    pattern: /^NOPERM/,
    says: 'does not let this user do what is needed ({reason}). docs/adapters/valkey.md has the rules that the user needs.',
  },
  {
    pattern: /^OOM/,
    code: 'DiskFull',
    says: 'has reached its `maxmemory` and takes no more. Give it more memory, or remove what is not needed; runs go on from where they are.',
  },
  {
    pattern: /No space left on device/i,
    code: 'DiskFull',
    says: 'has no space left on its disk. Free some space; runs go on from where they are.',
  },
  {
    pattern: /^MISCONF/,
    away: true,
    says: 'cannot save its data to its disk, and takes no writes until it can. Look into its log, and at the disk.',
  },
  { pattern: /^LOADING/, away: true, says: 'is still loading its data. It is asked again.' },
  {
    pattern: /^READONLY/,
    away: true,
    says: 'is a replica, which takes no writes. Name the primary, or wait until the failover is over.',
  },
  {
    pattern: /^(MOVED|ASK|CROSSSLOT)\b/,
    says: 'is part of a cluster. An address names one server; give a client of the cluster, as docs/adapters/valkey.md shows.',
  },
  {
    pattern: /DB index is out of range|invalid DB index|SELECT is not allowed/i,
    code: 'InvalidUrl',
    says: 'has no database of this number. Correct the number in the address, or raise `databases` of the server.',
  },
  {
    pattern: /max number of clients/i,
    away: true,
    says: 'has as many clients as its `maxclients` allows. Raise it, or find out who leaves connections open.',
  },
  {
    pattern: /^Protocol error/,
    says: 'does not speak as a Valkey server does. Is this its port, and does it want TLS (valkeys://) or none?',
  },
  {
    pattern: /certificate|self.signed|altname/i,
    says: 'has a certificate that is not trusted ({reason}). Let NODE_EXTRA_CA_CERTS name the file of the authority, or give `tls: { ca }`.',
  },
];

interface ErrorContext {
  readonly place: string;
  /** The connection's last error, which may say why a command was not sent. */
  readonly trouble?: Error;
}

/** Converts an error to Selvage's. Unknown errors may be temporary, so they become `BackendUnavailable`. */
export function valkeyErrorOf(error: unknown, { place, trouble }: ErrorContext): SelvageError {
  if (SelvageError.is(error)) return error;
  const raw = withoutSecrets(error);
  const telling = isNotSent(raw) && trouble ? withoutSecrets(trouble) : raw;
  const details = { server: place };
  // The library's error is no cause, as it contains the command's arguments: values and passwords.
  const cause = new Error(telling);
  const meaning = MEANINGS.find(({ pattern }) => pattern.test(telling));
  if (meaning !== undefined) {
    const says = meaning.says.replace('{reason}', telling);
    return new SelvageError(meaning.code ?? 'BackendUnavailable', `The Valkey server ${place} ${says}`, {
      details: meaning.away ? { ...details, away: true } : details,
      cause,
    });
  }
  return new SelvageError(
    'BackendUnavailable',
    `The Valkey server ${place} cannot be reached or refuses the call (${telling}). Start it, or check its address; it is asked again.`,
    { details: { ...details, away: true }, cause },
  );
}

export function noAnswer(place: string, milliseconds: number): SelvageError {
  return new SelvageError(
    'BackendUnavailable',
    `The Valkey server ${place} has not answered within ${milliseconds / 1000} s. Look whether it hangs, or whether something between here and ` +
      'there drops the connection; it is asked again.',
    { details: { server: place, away: true } },
  );
}

/** The message says that a command failed, but not why. */
function isNotSent(message: string): boolean {
  return /max retries per request|^Connection is closed|isn't writeable|Command aborted|Command timed out/i.test(
    message,
  );
}

function withoutSecrets(error: unknown): string {
  const { message, code } = error as { message?: unknown; code?: unknown };
  const text =
    typeof message === 'string' && message !== ''
      ? message
      : typeof code === 'string'
        ? code
        : 'no reason given';
  // The server's message "unknown command … with args beginning with: …" repeats arguments.
  return text.replace(/,? with args beginning with[\s\S]*$/, '').slice(0, 300);
}
