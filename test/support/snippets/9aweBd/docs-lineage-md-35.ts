import { Selvage } from 'selvage/client';

export async function whoUsed(hash: string): Promise<string[]> {
  const selvage = await Selvage.connect();
  try {
    const { items } = await selvage.lineage({ inputHash: hash });
    return items.map((record) => `${record.run_id}/${record.knot_id}`);
  } finally {
    await selvage.close();
  }
}
