import { runLocally } from 'selvage';
import { quickstart } from './pipeline';

async function main(): Promise<void> {
  const result = await runLocally(quickstart, { x: 5 }, { replace: { double: () => 100 } });
  console.log(result.outputs); // { 'param:x': 5, d: 100, answer: 105 }
}

void main();
