const ADDRESSES = new WeakMap<Request, string>();

export function noteRemoteAddress(request: Request, address: string | undefined): void {
  if (address !== undefined) ADDRESSES.set(request, address);
}

/** Behind a proxy, the proxy's. Undefined if the server does not tell. */
export function remoteAddressOf(request: Request): string | undefined {
  return ADDRESSES.get(request);
}
