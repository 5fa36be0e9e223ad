import { lookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { SelvageError } from '../../errors';

export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

/** Whether a request may go to an address. */
export type AddressRule = (address: string) => boolean;

/** Those that IPv6 has given out so far. What is not among them, such as `::127.0.0.1`, may lead anywhere. */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];
/** Azure's, which answers with metadata though it looks public. */
const METADATA = '168.63.129.16';

/** Whether an address is on the public internet: not of this machine, a private network, or what stands for one. */
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
 * A `lookup` for a connection, which is then made to the very addresses that were judged: to resolve the name anew, to
 * something else, is of no use. A name with one address that is not allowed is refused as a whole.
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

/** For an address in the place of a name, which is never looked up. @throws SelvageError `AddressNotAllowed` */
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
