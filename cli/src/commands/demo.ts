import { KVM_DEV_ARM_CTRL as CTRL, hexWord, type ProfileId } from '@vits/core/abi'
import { SeedGuest } from '@vits/core/conformance'
import type { Gpa } from '@vits/core/memory'
import { seal } from '@vits/core/seal'
import { profileNearest } from '../options/profile-named.ts'
import { fit } from '../render/layout.ts'
import type { Style } from '../style.ts'
import type { demoOrphan } from '../usage/demo.ts'
import type { Run } from '../usage.ts'

/** The device whose driver goes away, and the one that comes after it. */
const GONE = 4
const LIVE = 7
const LPI = 8192

/** How an unmapped device comes back, told by the model. */
export const run: Run<typeof demoOrphan> = async (_, { kernel }, { out, err, hostKernel, style }) => {
  const { id, title } = profileNearest(kernel ?? 'linux-6.6', { err, hostKernel })
  const say = (line: string) => out(`${fit(line, style)}\n`)
  say(style.bold(`${title}: KVM_DEV_ARM_ITS_SAVE_TABLES and RESTORE_TABLES`))
  beginning(id, style).lines.forEach(say)
  const failing = beginning(id, style)
  say(`4  The VM is suspended again: SAVE_TABLES ${saved(failing.guest)}. Resume: ${resumed(failing.guest, style)}.`)
  const silent = beginning(id, style, { sameCollection: true })
  say(
    `5  The same with one collection for both devices (-s): SAVE_TABLES ${saved(silent.guest)}. Resume: ${resumed(silent.guest, style)}.`,
  )
  const mended = beginning(id, style)
  const sealed = seal(mended.guest.its)
  say(
    `6  The same, sealed: the save first clears what is not live (${sealed.ok ? sealed.value.cleared : 0} found). Resume: ${resumed(mended.guest, style)}.`,
  )
  return isWhole(mended.guest) ? 0 : 1
}

interface Beginning {
  readonly guest: SeedGuest
  readonly lines: readonly string[]
}

/** What happens before the second suspend: a device is saved, its driver goes away, another device comes. */
function beginning(kernel: ProfileId, style: Style, { sameCollection = false } = {}): Beginning {
  const guest = new SeedGuest({ kernel, l2Tables: 1 })
  const icid = sameCollection ? 0 : 1
  guest.send('MAPC', { icid, rdBase: 0, valid: true })
  guest.mapDevice(GONE)
  guest.send('MAPTI', { deviceId: GONE, eventId: 0, pintid: LPI, icid })
  guest.sync()
  const first = saved(guest)
  const at = guest.its.dteAt(GONE) as Gpa
  guest.send('DISCARD', { deviceId: GONE, eventId: 0 })
  guest.mapDevice(GONE, false)
  if (!sameCollection) guest.send('MAPC', { icid, valid: false })
  guest.send('MAPC', { icid: 0, rdBase: 0, valid: true })
  guest.mapDevice(LIVE)
  guest.send('MAPTI', { deviceId: LIVE, eventId: 0, pintid: LPI + 1, icid: 0 })
  guest.sync()
  const dte = hexWord(guest.memory.u32(at), guest.memory.u32((at + 4) as Gpa))
  const left = guest.memory.u32((at + 4) as Gpa) === 0 ? style.good('cleared') : style.bad('an orphan')
  return {
    guest,
    lines: [
      `1  Device ${GONE} has event 0 as LPI ${LPI} in collection ${icid}. The VM is suspended: SAVE_TABLES ${first}. The suspend fails elsewhere; the VM runs on.`,
      `2  The driver of device ${GONE} goes away: DISCARD, MAPD V=0, MAPC V=0. Its entry in RAM is now ${dte}: ${left}.`,
      `3  Device ${LIVE} comes: event 0 as LPI ${LPI + 1} in collection 0.`,
    ],
  }
}

/** What a resumed VM is: an ITS that knows nothing yet, restored, and both devices asked by MSI. */
function resumed(guest: SeedGuest, style: Style): string {
  guest.its.reset()
  guest.enable()
  const restored = guest.control(CTRL.ITS_RESTORE_TABLES)
  if (!restored.ok) {
    const { what, deviceId, eventId } = restored.where ?? {}
    return `RESTORE_TABLES ${style.bad(restored.errno)} at the ${what} of device ${deviceId} event ${eventId}: ${restored.reason}`
  }
  const [gone, live] = [guest.signal(GONE, 0), guest.signal(LIVE, 0)]
  const dead = gone === 1 ? style.bad(`device ${GONE} is back from the dead`) : style.good(`device ${GONE} is gone`)
  const alive = live === 1 ? style.good(`device ${LIVE} interrupts`) : style.bad(`device ${LIVE} has lost its interrupt`)
  return `RESTORE_TABLES 0, ${dead}, ${alive}`
}

const isWhole = (guest: SeedGuest) => guest.signal(LIVE, 0) === 1 && guest.signal(GONE, 0) === 0

function saved(guest: SeedGuest): string {
  const answer = guest.control(CTRL.ITS_SAVE_TABLES)
  return answer.ok ? '0' : answer.errno
}
