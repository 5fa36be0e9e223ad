import { createHash } from 'node:crypto';

/** A Lua program that the server runs in one piece: nobody sees what it has half done. */
export interface ValkeyScript {
  readonly lua: string;
  /** The name under which the server remembers it. */
  readonly sha1: string;
}

export function valkeyScript(lua: string): ValkeyScript {
  return { lua, sha1: createHash('sha1').update(lua).digest('hex') };
}

/** The server's clock: the one clock that all who share it go by. Milliseconds since the epoch, with their fraction. */
export const LUA_NOW = `
local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
end
`;
