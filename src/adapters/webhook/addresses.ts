import { lookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { SelvageError } from '../../errors';

export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

export type AddressRule = (address: string) => boolean;

/** The addresses that IPv6 has given out so far. Other IPv6 addresses, such as `::127.0.0.1`, may lead anywhere. */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];
/** Azure's metadata service, at an address that looks public. */
const METADATA = '168.63.129.16';

/** Whether an address is not of this machine or a private network, and not reserved. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  // An IPv4 address within an IPv6 one counts as itself.
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast' || parsed.toString() === METADATA) return false;
  return parsed.kind() === 'ipv4' || (parsed as ipaddr.IPv6).match(...GLOBAL_UNICAST);
}

const resolveName: Resolve = (hostname) =>
  new Promise((resolve, reject) => {
    lookup(hostname, { all: true, verbatim: true }, (error, addresses) =>
      error ? reject(error) : resolve(addresses),
    );
  });

/**
 * A `lookup` whose connection goes to the judged addresses: changing the name's address afterwards has no effect. A
 * name with any address that is not allowed is refused.
 */
export function guardedLookup(isAllowed: AddressRule, resolve: Resolve = resolveName): LookupFunction {
  return (hostname, { all, family }, callback) => {
    const judge = (addresses: readonly LookupAddress[]): void => {
      for (const { address } of addresses)
        if (!isAllowed(address)) return callback(addressNotAllowed(hostname, address), []);
      const chosen = addresses.filter(
        (one) => !family || one.family === family || family === `IPv${one.family}`,
      );
      const [first] = chosen;
      if (!first) return callback(new Error(`${hostname} has no address`), []);
      return all ? callback(null, chosen) : callback(null, first.address, first.family);
    };
    resolve(hostname).then(judge, (error: NodeJS.ErrnoException) => callback(error, []));
  };
}

/** Checks an address in place of a name, which is never looked up. Throws `AddressNotAllowed`. */
export function requireAllowedHost({ hostname }: URL, isAllowed: AddressRule): void {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (ipaddr.isValid(host) && !isAllowed(host)) throw addressNotAllowed(host, host);
}

function addressNotAllowed(host: string, address: string): SelvageError {
  const leads = host === address ? `${host} is` : `${host} leads to ${address}, which is`;
  return new SelvageError(
    'AddressNotAllowed',
    `${leads} on this machine, in a private network or reserved. Give a public address, or "allowPrivateNetworks: true" if it is meant.`,
    { details: { host, address } },
  );
}
