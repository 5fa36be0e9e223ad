/* eslint-disable @typescript-eslint/no-explicit-any -- of tapestries and bodies of whatever types */
import type { Tapestry } from '../authoring';
import { checkName } from '../authoring/names';
import {
  duration,
  isFunction,
  isObject,
  isVariable,
  shown,
  whole,
  type Check,
  type Checks,
} from '../authoring/checks';
import { readOptions } from '../authoring/options';
import { durationMs, type Duration } from '../values/duration';
import { declareTrigger, type TriggerDeclaration } from './declaration';
import { isFormat, type FormattedValue, type Mapped, type MessageFormat } from './message-format';
import { refusalOf, type Refusal } from '../authoring/refusal';
import { isStart, isText, lineOf, ownerOf, requireTapestry } from './option-checks';

/** A stream entry as passed to `map`. */
export interface ValkeyEntry<Value = unknown> {
  /** The value of the field `field`, by the format. Without the option `field`: all fields, as an object of texts. */
  readonly value: Value;
  /** All fields of the entry as UTF-8. If several fields share a name, the last one counts. */
  readonly fields: Readonly<Record<string, string>>;
  readonly stream: string;
  /** The server's id: `1526919030474-55`. */
  readonly entryId: string;
}

/** A channel message as passed to `map`. */
export interface ValkeyMessage<Value = unknown> {
  readonly value: Value;
  readonly channel: string;
}

interface CommonOptions<Format extends MessageFormat> {
  /** An id, unique among the project's Valkey triggers. The record of started events is kept under this id. */
  readonly id: string;
  /** How values are read. Default `json`. */
  readonly format?: Format;
  /** At most this many concurrent starts of runs, 1 to 10,000. Default 100. */
  readonly window?: number;
  /**
   * Environment variable of the URL `valkey://[user:password@]host[:port][/database]`. Default
   * `SELVAGE_VALKEY`.
   */
  readonly connection?: string;
}

export interface ValkeyStreamOptions<
  Parameters extends object,
  Format extends MessageFormat,
> extends CommonOptions<Format> {
  readonly stream: string;
  /** The consumer group; created if missing. Default: `id`. */
  readonly group?: string;
  /** Where a new group begins. Default `earliest`: the group begins with everything in the stream. */
  readonly from?: 'earliest' | 'latest';
  /** The value's field. Default `data`. `false`: all fields are the value, as an object of texts, without `format`. */
  readonly field?: string | false;
  /**
   * The identity of an entry. Default: stream and entry id. `{ field }`: this field, so that an event counts once
   * however often it was added. Entries without the field, or with another value under the same key, become dead
   * letters.
   */
  readonly key?: { readonly field: string };
  /**
   * How long another consumer may owe an acknowledgement before its entry is taken over. The time is at least a second.
   * Default 60 s.
   */
  readonly claimAfter?: Duration;
  /** The stream for entries that can never start a run. Default `<stream>.dead-letters`. */
  readonly deadLetters?: string;
  /** Returns the run's parameters, or nothing for no run. If `map` throws: a dead letter. Default: the value. */
  readonly map?: (entry: ValkeyEntry<FormattedValue<Format>>) => Mapped<Parameters>;
  readonly channel?: undefined;
}

export interface ValkeyChannelOptions<
  Parameters extends object,
  Format extends MessageFormat,
> extends CommonOptions<Format> {
  /**
   * A channel of pub/sub, or `{ pattern }` as in `PSUBSCRIBE`. **It loses messages** that are published while
   * no process listens, or faster than runs start. Use a stream for messages that must not be lost.
   */
  readonly channel: string | { readonly pattern: string };
  /**
   * The identity of a message. All listening processes receive the message, and the key makes them start a single run.
   * `each`: every delivery is an event of its own, so two processes start two runs.
   */
  readonly key: ((message: ValkeyMessage<FormattedValue<Format>>) => string) | 'each';
  /** The publisher's counter of a channel's messages, to count missed ones. Default: none. */
  readonly sequence?: (message: ValkeyMessage<FormattedValue<Format>>) => number;
  /** At most this many messages wait for the window, 0 to 100,000; others are lost, and counted. Default 1,000. */
  readonly backlog?: number;
  /** Returns the parameters of a message's run, or nothing to start no run. Default: the value. */
  readonly map?: (message: ValkeyMessage<FormattedValue<Format>>) => Mapped<Parameters>;
  readonly stream?: undefined;
}

export type ValkeyTriggerOptions<Parameters extends object, Format extends MessageFormat = 'json'> =
  ValkeyStreamOptions<Parameters, Format> | ValkeyChannelOptions<Parameters, Format>;

type StreamOptions = Omit<ValkeyStreamOptions<object, MessageFormat>, 'channel'>;
type ChannelOptions = Omit<ValkeyChannelOptions<object, MessageFormat>, 'stream'>;

interface CommonSettings extends Required<Omit<CommonOptions<MessageFormat>, 'id'>> {
  /** Takes a {@link ValkeyEntry} or a {@link ValkeyMessage}. */
  readonly map?: (body: any) => unknown;
}

/** Checked options of a stream trigger, with defaults. */
export interface ValkeyStreamSettings
  extends
    CommonSettings,
    Required<Pick<StreamOptions, 'stream' | 'group' | 'from' | 'field' | 'deadLetters'>>,
    Pick<StreamOptions, 'key'> {
  readonly source: 'stream';
  readonly claimAfterMs: number;
}

/** Checked options of a channel trigger, with defaults. */
export interface ValkeyChannelSettings extends CommonSettings {
  readonly source: 'channel';
  readonly channel: string;
  readonly isPattern: boolean;
  readonly key: ((message: ValkeyMessage<any>) => string) | 'each';
  readonly sequence?: (message: ValkeyMessage<any>) => number;
  readonly backlog: number;
}

export type ValkeySettings = ValkeyStreamSettings | ValkeyChannelSettings;
export type ValkeyTriggerDeclaration = TriggerDeclaration<'valkey', ValkeySettings>;

const DEFAULTS = { format: 'json', window: 100, connection: 'SELVAGE_VALKEY' } as const;
const DEFAULT_BACKLOG = 1_000;
const DEFAULT_CLAIM_AFTER_MS = 60_000;
const LARGEST_WINDOW = 10_000;
const LARGEST_BACKLOG = 100_000;
/** With a shorter time, slow consumers would count as dead. */
const SHORTEST_CLAIM_MS = 1_000;
const LONGEST_NAME = 512;

/**
 * Starts a run for each entry of a Valkey or Redis stream, exactly once, however often it is delivered. With the option
 * `channel`, runs start for messages of pub/sub, which may be lost. The trigger is a declaration: export it beside the
 * tapestry; `selvage serve FILE` or `serve()` makes it work. An entry is acknowledged when its run is durably started,
 * so a crash loses no entry; entries of dead consumers are taken over.
 *
 * An entry that itself cannot start a run goes to a dead-letter stream, with the reason. Any other failure is
 * retried for ever: nothing is dropped.
 *
 * @throws SelvageError `InvalidName` (of the id), `InvalidConfig`
 */
export function valkeyTrigger<Parameters extends object, Format extends MessageFormat = 'json'>(
  tapestry: Tapestry<Parameters, any>,
  options: ValkeyTriggerOptions<Parameters, Format>,
): ValkeyTriggerDeclaration {
  requireTapestry('A Valkey trigger', tapestry);
  const owner = ownerOf('valkey', options, 'a Valkey trigger');
  const refuse = refusalOf(owner);
  const settings =
    sourceOf(options, refuse) === 'stream'
      ? streamSettings(readOptions<StreamOptions>(owner, options, STREAM), refuse)
      : channelSettings(readOptions<ChannelOptions>(owner, options, CHANNEL), refuse);
  const { id, ...others } = settings;
  return declareTrigger({ kind: 'valkey', id, tapestry, options: Object.freeze(others) });
}

export function isValkeyTrigger(declaration: TriggerDeclaration): declaration is ValkeyTriggerDeclaration {
  return declaration.kind === 'valkey';
}

const line = lineOf(LONGEST_NAME);

const only =
  (part: string): Check =>
  (value) =>
    isObject(value) && Object.keys(value).join() === part && line(value[part]) === undefined
      ? undefined
      : `must be an object { ${part} } with a text`;

const COMMON = {
  id: isText,
  format: isFormat,
  window: whole(1, LARGEST_WINDOW),
  connection: isVariable('ORDERS_VALKEY'),
  map: isFunction,
};

const STREAM: Checks<StreamOptions> = {
  ...COMMON,
  stream: line,
  group: line,
  from: isStart,
  field: (value) => (value === false ? undefined : line(value)),
  key: only('field'),
  claimAfter: duration(SHORTEST_CLAIM_MS),
  deadLetters: line,
};

const CHANNEL: Checks<ChannelOptions> = {
  ...COMMON,
  channel: (value) =>
    typeof value === 'string'
      ? line(value)
      : only('pattern')(value) && 'must be a text, or an object { pattern }',
  key: (value) =>
    value === 'each' || typeof value === 'function' ? undefined : 'must be a function, or "each"',
  sequence: isFunction,
  backlog: whole(0, LARGEST_BACKLOG),
};

export const VALKEY_CHECKS = { ...STREAM, ...CHANNEL };

function sourceOf(options: unknown, refuse: Refusal): 'stream' | 'channel' {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw refuse('options', `must be an object, and is ${shown(options)}`);
  const { stream, channel } = options as { stream?: unknown; channel?: unknown };
  if (stream !== undefined && channel !== undefined)
    throw refuse('channel', 'does not go with "stream": a trigger reads one of them', 'Conflict');
  if (stream === undefined && channel === undefined)
    throw refuse('stream', 'is missing; give the stream to read, or for pub/sub a "channel"', 'MissingPart');
  return stream === undefined ? 'channel' : 'stream';
}

function streamSettings(
  { claimAfter = DEFAULT_CLAIM_AFTER_MS, ...given }: StreamOptions,
  refuse: Refusal,
): ValkeyStreamSettings & { readonly id: string } {
  const { id, stream, deadLetters = `${stream}.dead-letters` } = given;
  checkName('trigger', id);
  if (deadLetters === stream)
    throw refuse('deadLetters', `names "${stream}", which the trigger reads itself`, 'Conflict');
  return {
    source: 'stream',
    ...DEFAULTS,
    group: id,
    from: 'earliest',
    field: 'data',
    ...given,
    claimAfterMs: durationMs(claimAfter)!,
    deadLetters,
  };
}

function channelSettings(
  { key, channel, ...given }: ChannelOptions,
  refuse: Refusal,
): ValkeyChannelSettings & { readonly id: string } {
  checkName('trigger', given.id);
  if (key === undefined) {
    throw refuse(
      'key',
      'is missing: each process that listens hears each message. Give a function that answers what tells messages apart, or "each", with which every delivery starts a run',
      'MissingPart',
    );
  }
  const isPattern = typeof channel === 'object';
  return {
    source: 'channel',
    ...DEFAULTS,
    backlog: DEFAULT_BACKLOG,
    ...given,
    channel: isPattern ? channel.pattern : channel,
    isPattern,
    key,
  };
}
