/**
 * The part of an `S3Client` of `@aws-sdk/client-s3` that Selvage needs.
 */
export interface S3ClientLike {
  // `never`: each command has input and output of its own, and whoever implements them all takes this one.
  send(command: never, options?: never): Promise<unknown>;
  destroy(): void;
  readonly config: object;
}

export interface S3DataStoreOptions {
  readonly bucket: string;
  /** What the keys of all objects begin with, up to a `/`. Default: none. Stores with different prefixes have nothing in common. */
  readonly prefix?: string;
  /**
   * A client of your own, which `close()` does not close: with credentials, time limits, proxies and retries as you like them. Default: one by
   * the options below, that finds its credentials as every program with the AWS SDK does.
   */
  readonly client?: S3ClientLike;
  /** `http://host:port` of a server that is not AWS. */
  readonly endpoint?: string;
  /** Default: as the AWS SDK finds it (`AWS_REGION`, the profile); with an `endpoint`, then `us-east-1`. */
  readonly region?: string;
  /** Whether the bucket stands in the path and not in the name of the host, as most servers that are not AWS want it. Default false. */
  readonly pathStyle?: boolean;
  /** Better left to the environment, where no listing of a configuration shows them. */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** How long opening may take, in milliseconds. Default 10,000. */
  readonly openTimeoutMs?: number;
}

/** For so long nothing may come over a connection, or come about. */
export const CONNECT_TIMEOUT_MS = 5_000;
export const IDLE_TIMEOUT_MS = 30_000;
export const OPEN_TIMEOUT_MS = 10_000;
