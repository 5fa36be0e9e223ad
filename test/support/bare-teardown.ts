import { rm } from 'node:fs/promises';
import './bare-install';

export default async function globalTeardown(): Promise<void> {
  if (globalThis.selvageBareInstall)
    await rm(globalThis.selvageBareInstall, { recursive: true, force: true });
}
