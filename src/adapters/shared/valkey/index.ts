export { parseValkeyUrl, shownAddress, type ValkeyAddress } from './address';
export { bufferOf, textOf, type ValkeyClientLike } from './client-like';
export { ValkeyConnection } from './connection';
export { openValkey, reachValkey, type ValkeyOptions } from './open';
export { LUA_NOW, valkeyScript } from './script';
export { threatsTo } from './warnings';
