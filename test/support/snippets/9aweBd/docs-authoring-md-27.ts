import { Knot, type KnotContext } from 'selvage';

export class FetchPage extends Knot<{ url: string }, string> {
  static readonly knotName = 'fetch-page';

  async process({ url }: { url: string }, ctx: KnotContext): Promise<string> {
    const response = await fetch(url, { signal: ctx.signal });
    return await response.text();
  }
}
