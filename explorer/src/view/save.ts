import type { CoreWorker } from './ask.ts'
import { openDialog } from './dialogs.ts'
import { h, shortName } from './dom.ts'

/** Saves what decides about the interrupts of a VM, as `vits extract` does. */
export const saveCase = (core: CoreWorker, vm: number, name: string): Promise<void> =>
  saving(async () => download(`${shortName(name)}.vits`, await core.ask('caseFile', { vm })))

/** Saves the repaired files, uncompressed, as `vits repair -o` does. */
export const saveRepaired = (core: CoreWorker, vm: number): Promise<void> =>
  saving(async () => {
    for (const { name, blob } of await core.ask('repaired', { vm })) {
      download(`repaired-${shortName(name).replace(/\.(zst|gz|bz2|xz|lzo)$/, '')}`, blob)
    }
  })

async function saving(save: () => Promise<void>): Promise<void> {
  try {
    await save()
  } catch (error) {
    openDialog('Not saved', h('p', {}, (error as Error).message))
  }
}

/** Hands a file to whoever reads the page. */
function download(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob)
  const anchor = h('a', { href: url, download: name })
  document.body.append(anchor)
  anchor.click()
  anchor.remove()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
