import './global-setup';
import { endServices } from './services';

export default async function globalTeardown(): Promise<void> {
  await globalThis.selvageTestServer?.stop();
  await globalThis.selvageTestBundle?.remove();
  await endServices();
}
