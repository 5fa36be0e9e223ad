/** Program: puts and gets 500 MB through the data store of `SELVAGE_DATA`, and prints the bytes of memory before, and at their highest. */
import { openBackends } from 'selvage/backends';
import { MEBIBYTE, MEBIBYTES, pieces } from './pieces';

async function main(): Promise<void> {
  const { SELVAGE_DATA: data } = process.env;
  const { dataStore, close } = await openBackends({ environment: {}, url: 'memory:', data: data! });
  const before = process.memoryUsage.rss();
  const { hash } = await dataStore.putStream(pieces());
  let bytes = 0;
  for await (const piece of (await dataStore.getStream(hash))!) bytes += piece.byteLength;
  if (bytes !== MEBIBYTES * MEBIBYTE) throw new Error(`${bytes} bytes came back.`);
  await dataStore.delete(hash);
  await close();
  process.stdout.write(JSON.stringify([before, process.resourceUsage().maxRSS * 1024]));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
