import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Kafka, logLevel } from 'kafkajs';
import { endServices, kafkaService, prepareServices, valkeyService } from '../../test/support/services';

/** Where the emitters of a soak deliver to, outside of the processes that are looked at. */
export interface Sinks {
  readonly webhook: string;
  /** Brokers. Absent: this machine has none. */
  readonly kafka?: string;
  readonly valkey?: string;
  /** How many requests the webhook has answered. */
  readonly requests: () => number;
  close(): Promise<void>;
}

export const TOPIC = 'soak';
const MEBIBYTE = 1024 * 1024;

/** Starts them: an HTTP server, and a broker and a Valkey server where they can be had. */
export async function openSinks(hear: (line: string) => void): Promise<Sinks> {
  prepareServices();
  const had = async (name: string, service: () => Promise<string>): Promise<string | undefined> => {
    try {
      return await service();
    } catch (error) {
      hear(`SKIPPED: the emitter of ${name}: ${(error as Error).message}`);
      return undefined;
    }
  };
  const kafka = await had('Kafka', kafkaService);
  const valkey = await had('Valkey', valkeyService);
  if (kafka) await makeTopic(kafka);
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    request.resume().once('end', () => response.writeHead(204).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    webhook: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    ...(kafka && { kafka }),
    ...(valkey && { valkey }),
    requests: () => requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await endServices();
    },
  };
}

/** A topic that keeps little: the disk is not what is tried here. */
async function makeTopic(brokers: string): Promise<void> {
  const admin = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const limits = { 'retention.bytes': 64 * MEBIBYTE, 'segment.bytes': 16 * MEBIBYTE };
  const configEntries = Object.entries(limits).map(([name, value]) => ({ name, value: String(value) }));
  await admin.createTopics({
    topics: [{ topic: TOPIC, numPartitions: 2, configEntries }],
    waitForLeaders: true,
  });
  await admin.disconnect();
}
