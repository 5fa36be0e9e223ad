import { endServices } from './services';

export default async function teardown(): Promise<void> {
  await endServices();
}
