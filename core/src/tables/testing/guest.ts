import fc from 'fast-check'
import { type CommandName, encodeCommand, GITS, GITS_CBASER, type Operands, type Quirks } from '../../abi/index.ts'
import { COLLECTION_BASER, DEVICE_BASER, itsFrame } from '../../its/index.ts'
import type { Gpa } from '../../memory/index.ts'
import { saveTables } from '../index.ts'
import { LiveIts } from './live-its.ts'
import { RAM } from './planted.ts'

const QUEUE = RAM + 0x0f_0000
const QUEUE_BYTES = 0x1000
const ITT_AREAS = RAM + 0x80_0000

/** One thing that happens to an ITS: a command of the guest, or something around it. */
export type Happening =
  | { readonly does: 'command'; readonly name: CommandName; readonly args: Readonly<Record<string, number | boolean>> }
  /** A suspend that fails: the tables are saved and the guest goes on. */
  | { readonly does: 'save' }
  /** The guest reboots: CTRL_RESET, then the same tables are programmed again, as they lie in RAM. */
  | { readonly does: 'reset' }
  /** The guest tears its device table down and programs it again, without clearing it. */
  | { readonly does: 'reprogram' }
  /** A first-level entry comes or goes. */
  | { readonly does: 'l2'; readonly page: number; readonly allocated: boolean }

const VCPUS = 3
const flatIds = [0, 1, 5, 8191, 8192, 30000, 65535]
const indirectIds = [0, 5, 0x1fff, 0x2000, 0x6000, 0xffff]
const icid = fc.constantFrom(0, 1, 2, 7, 0x1fff, 0x2000)
const eventId = fc.constantFrom(0, 1, 1, 2, 3, 7, 31)
const pintid = fc.oneof(fc.integer({ min: 8192, max: 8255 }), fc.constantFrom(65535, 8191))

function command<N extends CommandName>(name: N, args: { [K in keyof Operands<N>]?: fc.Arbitrary<Operands<N>[K]> }) {
  return fc
    .record(args as Record<string, fc.Arbitrary<number | boolean>>)
    .map((values): Happening => ({ does: 'command', name, args: values }))
}

/** Streams of the kind the recorded ones are: remaps onto dirty ITTs, dead devices, reused areas, bad operands; and reboots. */
function happening(indirect: boolean): fc.Arbitrary<Happening> {
  const deviceId = fc.constantFrom(...(indirect ? indirectIds : flatIds))
  const ittAddr = fc.nat(11).map((area) => ITT_AREAS + area * 0x1000)
  const size = fc.constantFrom(0, 1, 2, 4, 8, 16)
  const rdBase = fc.nat(VCPUS)
  return fc.oneof(
    { weight: 22, arbitrary: command('MAPD', { deviceId, ittAddr, size, valid: fc.constant(true) }) },
    { weight: 6, arbitrary: command('MAPD', { deviceId, valid: fc.constant(false) }) },
    { weight: 12, arbitrary: command('MAPC', { icid, rdBase, valid: fc.constant(true) }) },
    { weight: 3, arbitrary: command('MAPC', { icid, valid: fc.constant(false) }) },
    { weight: 27, arbitrary: command('MAPTI', { deviceId, eventId, pintid, icid }) },
    { weight: 6, arbitrary: command('DISCARD', { deviceId, eventId }) },
    { weight: 6, arbitrary: command('MOVI', { deviceId, eventId, icid }) },
    { weight: 1, arbitrary: command('MOVALL', { rdBase, rdBase2: rdBase }) },
    { weight: 4, arbitrary: fc.constant<Happening>({ does: 'save' }) },
    { weight: 1, arbitrary: fc.constant<Happening>({ does: 'reset' }) },
    { weight: 1, arbitrary: fc.constant<Happening>({ does: 'reprogram' }) },
    {
      weight: indirect ? 3 : 0,
      arbitrary: fc.record({ page: fc.nat(7), allocated: fc.boolean() }).map((l2): Happening => ({ does: 'l2', ...l2 })),
    },
  )
}

/** A history of an ITS with a flat or a two-level device table. */
export const histories = fc.boolean().chain((indirect) =>
  fc.record({
    indirect: fc.constant(indirect),
    happenings: fc.array(happening(indirect), { minLength: 10, maxLength: 60, size: 'max' }),
  }),
)

export type History = typeof histories extends fc.Arbitrary<infer H> ? H : never

/** What becomes of an ITS that lives through a history under a kernel. Collection 0 is mapped to vCPU 0 at first. */
export function lived({ indirect, happenings }: History, quirks?: Quirks): LiveIts {
  const vm = new LiveIts({ indirect, l2Pages: [0, 1, 3, 7], vcpuIds: [0, 1, 2], ...(quirks && { quirks }) })
  const guest = new Guest(vm)
  guest.send('MAPC', { icid: 0, rdBase: 0, valid: true })
  for (const happening of happenings) guest.live(happening)
  return vm
}

/** The guest's side of an ITS: registers and the command queue. */
class Guest {
  readonly #vm: LiveIts
  readonly #basers: readonly bigint[]
  #offset = 0

  constructor(vm: LiveIts) {
    this.#vm = vm
    this.#basers = [vm.its.baser(DEVICE_BASER), vm.its.baser(COLLECTION_BASER)]
    this.#enable()
  }

  live(happening: Happening): void {
    if (happening.does === 'command') this.send(happening.name, happening.args)
    else if (happening.does === 'save') saveTables(this.#vm.its)
    else if (happening.does === 'reprogram') this.#reprogram()
    else if (happening.does === 'l2') {
      if (happening.allocated) this.#vm.allocateL2(happening.page)
      else this.#vm.dropL2(happening.page)
    } else {
      this.#vm.its.reset()
      this.#enable()
      this.send('MAPC', { icid: 0, rdBase: 0, valid: true })
    }
  }

  send(name: CommandName, args: Readonly<Record<string, number | boolean>>): void {
    const { its, memory } = this.#vm
    memory.write((QUEUE + this.#offset) as Gpa, new Uint8Array(encodeCommand(name, args as never).buffer))
    this.#offset = (this.#offset + 32) % QUEUE_BYTES
    itsFrame.write(its, GITS.CWRITER, 8, BigInt(this.#offset))
  }

  #reprogram(): void {
    const { its } = this.#vm
    itsFrame.write(its, GITS.CTLR, 4, 0n)
    itsFrame.write(its, GITS.BASER0, 8, 0n)
    itsFrame.write(its, GITS.BASER0, 8, this.#basers[0]!)
    itsFrame.write(its, GITS.CTLR, 4, 1n)
  }

  #enable(): void {
    const { its } = this.#vm
    this.#offset = 0
    itsFrame.write(its, GITS.CBASER, 8, GITS_CBASER.pack({ valid: true, address: QUEUE, pages: 0 }))
    for (const [n, baser] of this.#basers.entries()) itsFrame.write(its, GITS.BASER0 + 8 * n, 8, baser)
    itsFrame.write(its, GITS.CTLR, 4, 1n)
  }
}
