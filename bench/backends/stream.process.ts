/** Program: puts and gets 500 MB through the data store of `SELVAGE_DATA`, and prints how much memory that took. */
import { openBackends } from 'selvage/backends';
import { MEBIBYTE, MEBIBYTES, pieces } from './pieces';

async function main(): Promise<void> {
  const { SELVAGE_DATA: data } = process.env;
  const { dataStore, close } = await openBackends({ environment: {}, url: 'memory:', data: data! });
  const { hash } = await dataStore.putStream(pieces());
  let bytes = 0;
  for await (const piece of (await dataStore.getStream(hash))!) bytes += piece.byteLength;
  if (bytes !== MEBIBYTES * MEBIBYTE) throw new Error(`${bytes} bytes came back.`);
  await dataStore.delete(hash);
  await close();
  process.stdout.write(`${process.resourceUsage().maxRSS * 1024}\n`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
