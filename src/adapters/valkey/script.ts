import { createHash } from 'node:crypto';

/** A Lua program that the server runs atomically. */
export interface ValkeyScript {
  readonly lua: string;
  /** The server's name for the script. */
  readonly sha1: string;
}

export function valkeyScript(lua: string): ValkeyScript {
  return { lua, sha1: createHash('sha1').update(lua).digest('hex') };
}

/** The time of the server's clock: milliseconds since the epoch, with a fraction. */
export const LUA_NOW = `
local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
end
`;
