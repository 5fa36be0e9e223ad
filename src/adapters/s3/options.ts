/** The part of an `S3Client` of `@aws-sdk/client-s3` that Selvage needs. */
export interface S3ClientLike {
  // The type is `never`, because each command has its own input and output. A client for any command accepts it, too.
  send(command: never, options?: never): Promise<unknown>;
  destroy(): void;
  readonly config: object;
}

export interface S3DataStoreOptions {
  readonly bucket: string;
  /** Prefix of all keys, followed by a `/`. Default: none. Stores with different prefixes share nothing. */
  readonly prefix?: string;
  /** Your own client, with your settings, which `close()` leaves open. Default: a client by the options below. */
  readonly client?: S3ClientLike;
  /** The address `http://host:port` of a server other than AWS. */
  readonly endpoint?: string;
  /** Default: the region that the AWS SDK finds (`AWS_REGION`, the profile); with `endpoint`, finally `us-east-1`. */
  readonly region?: string;
  /** Whether the bucket is in the URL's path instead of the host name, as most other servers require. Default false. */
  readonly pathStyle?: boolean;
  /** Credentials in place of the AWS SDK's. The environment is better, since printed configurations show options. */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** Time limit for opening, in milliseconds. Default 10,000. */
  readonly openTimeoutMs?: number;
}

/** The default limit for connecting, for silence, and for opening. */
export const CONNECT_TIMEOUT_MS = 5_000;
export const IDLE_TIMEOUT_MS = 30_000;
export const OPEN_TIMEOUT_MS = 10_000;
