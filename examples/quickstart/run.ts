import { Selvage } from 'selvage/client';
import { quickstart } from './pipeline';

async function main(): Promise<void> {
  const selvage = await Selvage.open({ tapestries: [quickstart] });
  try {
    const run = await selvage.start(quickstart, { x: 5 });
    const { answer } = await run.values();
    console.log(`answer: ${answer}`);

    const [made] = await run.lineage({ knotId: 'answer' });
    console.log(`made from: ${JSON.stringify(made?.parent_knot_ids)}`);
  } finally {
    await selvage.close();
  }
}

void main();
