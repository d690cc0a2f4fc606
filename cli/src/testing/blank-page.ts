import { bytesSource, openSavedMachine } from '@vits/core/formats'
import { type Gpa, gpa, PAGE_BYTES } from '@vits/core/memory'
import { editsOf } from '../../../core/src/formats/testing/edited.ts'
import { fixtureBytes, fixtureFile } from '../../../core/src/formats/testing/fixtures.ts'
import { vits } from './fake-io.ts'

/**
 * The stream without the contents of this page: its record is gone, or says zeros, as from a VMM that did not save what KVM wrote
 * there. A page record is its header, with the flags PAGE 0x08 and CONTINUE 0x20, and 4096 bytes; a zero record has the flag
 * 0x02 and one byte.
 */
async function withoutPage(bytes: Uint8Array, at: Gpa, how: 'zeros' | 'nothing'): Promise<Uint8Array> {
  const machine = await openSavedMachine(bytesSource(bytes))
  const memory = machine.memory()
  await machine.load(memory, [{ base: at, bytes: PAGE_BYTES }])
  const changed = memory.read(at, PAGE_BYTES)
  changed[0]! ^= 0xff
  const [edit] = await editsOf(machine, new Map([[at, changed]]))
  const contents = edit!.offset
  if ((bytes[contents - 1]! & 0x28) !== 0x28) throw new Error('the page is not where it was looked for')
  const record = bytes.slice(contents - 8, contents + 1)
  record[7]! ^= 0x08 | 0x02
  record[8] = 0
  const instead = how === 'zeros' ? record : new Uint8Array()
  return Buffer.concat([bytes.subarray(0, contents - 8), instead, bytes.subarray(contents + PAGE_BYTES)])
}

/** numa without the page that holds the ITT of its first device. */
export async function blankNuma(how: 'zeros' | 'nothing'): Promise<Uint8Array> {
  const { devices } = JSON.parse((await vits(['show', '--json', fixtureFile('numa.mig.zst').pathname])).out)
  const itt = Number(devices[0].itt)
  return withoutPage(fixtureBytes('numa.mig'), gpa(itt - (itt % PAGE_BYTES)), how)
}
