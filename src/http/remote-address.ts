const ADDRESSES = new WeakMap<Request, string>();

/** Remembers from which address a request has come. */
export function noteRemoteAddress(request: Request, address: string | undefined): void {
  if (address !== undefined) ADDRESSES.set(request, address);
}

/** Undefined if the server that took the request does not say so. Behind a proxy, it is the proxy's. */
export function remoteAddressOf(request: Request): string | undefined {
  return ADDRESSES.get(request);
}
