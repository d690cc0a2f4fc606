import type { KvmLists, ListedIts } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import { readExactly } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { inFile, type MachineFile } from '../machine-file.ts'
import { firstBytes } from '../unpacked.ts'
import { gicState, isGicState } from './gic-state.ts'
import { isItsState, itsState } from './its-state.ts'

const LARGEST_TEXT = 64 << 20
/** How debugfs names the file of an ITS, and what people make of that. */
const BASE = /vgic-its-state@(?:0x)?([0-9a-f]{1,13})\b/

/**
 * What KVM's debugfs told of a VM: `vgic-its-state@BASE` of each ITS, `vgic-state`, or both, in any order.
 *
 * @throws FormatError for a text that is neither, for two of one kind, and with the file's name and byte where it is wrong.
 */
export async function readKvmLists(files: readonly MachineFile[]): Promise<KvmLists> {
  const itses: ListedIts[] = []
  let lpis: ReadonlySet<number> | undefined
  for (const file of files) {
    await inFile(file, async () => {
      const { byteLength } = file.source
      if (byteLength > LARGEST_TEXT) throw new FormatError(LARGEST_TEXT, 'a text of debugfs', `${byteLength} bytes`)
      const start = await firstBytes(file.source)
      const bytes = await readExactly(file.source, 0, byteLength, 'a text of debugfs')
      if (isGicState(start)) {
        if (lpis !== undefined) throw new FormatError(0, 'vgic-state once', 'a second one')
        lpis = gicState(bytes)
      } else if (isItsState(start)) {
        const base = baseIn(file.name)
        if (itses.some((other) => other.base === base))
          throw new FormatError(0, 'vgic-its-state of another ITS', 'the same again')
        itses.push({ base, devices: itsState(bytes) })
      } else throw new FormatError(0, 'what debugfs prints as vgic-its-state@BASE, or as vgic-state', `"${start.slice(0, 40)}"`)
    })
  }
  return { itses, lpis }
}

function baseIn(name: string): Gpa | undefined {
  const digits = BASE.exec(name)?.[1]
  return digits === undefined ? undefined : (Number.parseInt(digits, 16) as Gpa)
}
