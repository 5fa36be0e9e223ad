const ADDRESSES = new WeakMap<Request, string>();

export function noteRemoteAddress(request: Request, address: string | undefined): void {
  if (address !== undefined) ADDRESSES.set(request, address);
}

/** The address of a request's sender, behind a proxy the proxy's; undefined if the server does not tell. */
export function remoteAddressOf(request: Request): string | undefined {
  return ADDRESSES.get(request);
}
