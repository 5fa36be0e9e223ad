import type { DefinitionRecord } from '../authoring/records';
import { Hashes } from '../authoring/hashes';
import type { PlanPolicy } from '../plan';
import { hashText, type Sha256 } from '../values';
import type { BodyHosts } from './body-host';

/** Hashes of the bodies that this process calls, or has called by its hosts. */
export class CodeHashes {
  private readonly hashes: Hashes;

  /** @param hosts those that are open */
  constructor(
    private readonly sha256: Sha256,
    private readonly hosts: () => BodyHosts | undefined = () => undefined,
  ) {
    this.hashes = new Hashes(sha256);
  }

  /** For a map, of the body of its elements. */
  of(definition: DefinitionRecord, { host }: Pick<PlanPolicy, 'host'>): string {
    const body = definition.map?.each ?? definition;
    const described = host === undefined ? undefined : this.hosts()?.codeHashOf(host, body);
    // A host that says nothing of the source is known by the name of the body alone.
    return described ?? this.hashes.ofSource(body) ?? hashText(body.name, this.sha256);
  }
}
