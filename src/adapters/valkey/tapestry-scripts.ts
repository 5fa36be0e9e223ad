import { valkeyScript } from './script';

/** The number of announcements kept for short absences; after a longer absence, a subscriber reads everything again. */
const ANNOUNCEMENTS = 10_000;

/** A plan's number orders plans of one time in listings. */
const SEQUENCE_DIGITS = 16;

/**
 * KEYS: the plan, the number of the last plan, the lists of all plans and of the tapestry's. ARGV: hash, tapestry,
 * text, time. The script does nothing if the plan exists.
 */
export const SAVE = valkeyScript(`
if redis.call('EXISTS', KEYS[1]) == 1 then return end
local sequence = string.format('%0${SEQUENCE_DIGITS}d', redis.call('INCR', KEYS[2]))
redis.call('HSET', KEYS[1], 'tapestry', ARGV[2], 'text', ARGV[3], 'savedAt', ARGV[4])
redis.call('ZADD', KEYS[3], ARGV[4], sequence .. ':' .. ARGV[1])
redis.call('ZADD', KEYS[4], ARGV[4], sequence .. ':' .. ARGV[1])
`);

/**
 * KEYS: the number of the last offer, the streams of the run's offers and of announcements. ARGV: run, fragment, time.
 * The script returns the offer's number.
 */
export const OFFER = valkeyScript(`
local number = redis.call('INCR', KEYS[1])
redis.call('XADD', KEYS[2], number .. '-0', 'fragment', ARGV[2], 'offeredAt', ARGV[3])
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ${ANNOUNCEMENTS}, number .. '-0', 'run', ARGV[1])
return number
`);
