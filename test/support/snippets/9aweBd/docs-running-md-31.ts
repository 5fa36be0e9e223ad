import { Worker } from '@temporalio/worker';
import { selvage } from 'selvage/worker';
import { sums } from './definitions';

export async function makeWorker(): Promise<Worker> {
  return await Worker.create({
    taskQueue: 'orders',
    workflowsPath: require.resolve('./workflows'),
    activities: { async sendMail(): Promise<void> {} },
    plugins: [selvage({ tapestries: [sums] })],
  });
}
