import { type Explored, joined, type Parcel, type ScopeName, Share, type ShareFound, scopes } from '@vits/core/scope'

/** A share of a scope that is worked on elsewhere. */
export interface RemoteShare {
  expand(depth: number, goesOn: boolean): Promise<readonly Parcel[]>
  receive(depth: number, parcels: readonly Parcel[]): Promise<number>
  found(): Promise<ShareFound>
  close(): void
}

export interface SharedBounds {
  readonly mostDepth: number
  isTimeUp(): boolean
  onDepth(depth: number): void
}

/** Goes through a scope in shares, depth by depth: each has what the others found for it before the next begins. */
export async function exploreShared(name: ScopeName, shares: readonly RemoteShare[], bounds: SharedBounds): Promise<Explored> {
  for (let depth = 0; ; depth++) {
    const found = await Promise.all(shares.map((share) => share.expand(depth, depth < bounds.mostDepth)))
    const left = await Promise.all(
      shares.map((share, to) =>
        share.receive(
          depth,
          found.map((parcels) => parcels[to]!),
        ),
      ),
    )
    bounds.onDepth(depth)
    const isLast = left.every((states) => states === 0)
    const ended = depth === bounds.mostDepth ? 'depth' : isLast ? 'fixpoint' : bounds.isTimeUp() ? 'time' : undefined
    if (ended !== undefined)
      return joined(scopes[name], await Promise.all(shares.map((share) => share.found())), { ended, depth })
  }
}

/** A share in this thread. */
export function shareHere(name: ScopeName, index: number, of: number): RemoteShare {
  const share = new Share(scopes[name], index, of)
  return {
    expand: async (depth, goesOn) => share.expand(depth, goesOn),
    receive: async (depth, parcels) => share.receive(depth, parcels),
    found: async () => share.found,
    close: () => {},
  }
}
