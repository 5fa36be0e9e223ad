import type { DefinitionRecord } from '../authoring/records';
import { Hashes } from '../authoring/hashes';
import type { PlanPolicy } from '../plan';
import { hashText, type Sha256 } from '../values';
import type { BodyHosts } from './body-host';

export class CodeHashes {
  private readonly hashes: Hashes;

  constructor(
    private readonly sha256: Sha256,
    private readonly hosts: () => BodyHosts | undefined = () => undefined,
  ) {
    this.hashes = new Hashes(sha256);
  }

  /** A map has the code hash of its elements' body. */
  of(definition: DefinitionRecord, { host }: Pick<PlanPolicy, 'host'>): string {
    const body = definition.map?.each ?? definition;
    const described = host === undefined ? undefined : this.hosts()?.codeHashOf(host, body);
    // If a host describes no source, the hash covers the body's name alone.
    return described ?? this.hashes.ofSource(body) ?? hashText(body.name, this.sha256);
  }
}
