/** What becomes of an event, or of an entry that stands for one. `word`: as the legend and a screen reader say it. */
export const fates = {
  back: { word: 'live, comes back', mark: '', tone: 'good' },
  dropped: { word: 'live, read, then dropped because the restore failed', mark: '', tone: 'bad' },
  lost: { word: 'live, lost: the restore does not come to it', mark: '', tone: 'bad' },
  absent: { word: 'live, not in the tables', mark: '?', tone: 'bad' },
  altered: { word: 'live, comes back as something else', mark: '~', tone: 'bad' },
  stop: { word: 'KVM stops here', mark: '!', tone: 'bad' },
  revived: { word: 'dead, comes back', mark: '×', tone: 'warn' },
  stale: { word: 'dead, stays away', mark: '×', tone: 'soft' },
  unsure: { word: 'comes back; no witness knows whether the guest has it', mark: '', tone: 'soft' },
  unread: { word: 'does not come back; no witness knows whether the guest has it', mark: '', tone: 'soft' },
  cleared: { word: 'cleared by the repair', mark: '', tone: 'good' },
} as const satisfies Record<string, FateRow>

interface FateRow {
  readonly word: string
  /** Drawn in its cell, so that colour never tells alone. */
  readonly mark: string
  readonly tone: Tone
}

/** How much something matters to whoever wants the VM back. */
export type Tone = 'good' | 'bad' | 'warn' | 'soft'

export type Fate = keyof typeof fates

/** The fates in a fixed order: columns hold their places in it. */
export const fateNames = Object.keys(fates) as readonly Fate[]
