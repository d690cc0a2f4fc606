import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { inspect } from '@vits/core'
import { writeCase } from '@vits/core/formats'
import { coalesce, type Gpa } from '@vits/core/memory'
import { mapped, owing } from '../../core/src/audit/testing/owing-vm.ts'
import { LPI_CONFIGURATION, PlantedVm } from '../../core/src/audit/testing/planted-vm.ts'
import { healthy, problemCases } from '../../core/src/audit/testing/problem-cases/index.ts'
import { LinuxMemory } from '../../core/src/guest-kernel/testing/linux-memory.ts'
import { plantedMachine, twoItses } from '../../core/src/inspect/testing/planted-machine.ts'
import { type CaseModel, caseModels } from './case.ts'

type Cases = ReadonlyMap<string, () => CaseModel>

const fixture = (path: string): Uint8Array => gunzipSync(readFileSync(new URL(`../../fixtures/${path}`, import.meta.url)))

/** Cases of real guests that are small; others take too long for thousands of mutants. */
const realGuests = [
  'guests/linux-6.1-1-litter.vits',
  'guests/linux-7-3-rebind.vits',
  'guests/nvme-1-heads.vits',
  'guests/smmuv3-2-wrap.vits',
  'guests/virt-2-heads.vits',
  'guests/virtio-mem-2-heads.vits',
  'saved/odd-clear-s1.vits',
  'saved/odd-reinit-s1.vits',
  'saved/two-itses.vits',
] as const

const realRings = ['saved/lost-split.vits', 'saved/lost-packed.vits', 'saved/pending-packed.vits', 'saved/polling.vits'] as const

/** The case of a planted VM: what an inspection loads of it, and what the guest's kernel has if that is asked for. */
async function planted(vm: PlantedVm, guestKernel: 'always' | 'never' = 'never'): Promise<Uint8Array> {
  const machine = plantedMachine(vm)
  const { loaded } = await inspect(machine, { guestKernel })
  const { itses, ...registers } = machine.registers
  const whole = itses.map(({ baser, ...its }) => ({ ...its, baser: Array.from({ length: 8 }, (_, n) => baser[n] ?? 0n) }))
  const ranges = coalesce([...loaded.ranges, ...(loaded.guestKernel?.read ?? [])])
  return writeCase(machine, loaded.memory, ranges, { ...registers, itses: whole })
}

/** Devices and events in two levels of tables, some of them far apart. */
const scattered = () =>
  new PlantedVm({ indirect: true })
    .map(3, { 0: [8192, 0], 1: [8193, 1], 31: [8194, 0] })
    .map(9000, { 0: [8195, 1] })
    .map(40000, { 2: [8196, 0], 3: [8197, 0] }, { bits: 7 })
    .save()

/** A VM whose ring has gone round, and whose kernel Linux has a list of its two devices. */
function withKernel(): PlantedVm {
  const vm = new PlantedVm({ queuePages: 1 })
    .map(8, { 0: [8192, 0], 1: [8193, 1] })
    .map(16, { 0: [8224, 0] })
    .goRoundWith(16)
    .save()
  for (const lpi of [8192, 8193, 8224]) vm.memory.setU8((LPI_CONFIGURATION + lpi - 8192) as Gpa, 0xa1)
  const heap = 0x4300_0000
  const linux = new LinuxMemory({ memory: vm.memory, heap })
  linux.its(vm.registers().itses[0]!, [
    { deviceId: 8, itt: vm.itt(8), lpiBase: 8192, events: { 0: 0, 1: 1 } },
    { deviceId: 16, itt: vm.itt(16), lpiBase: 8224, events: { 0: 0 } },
  ])
  linux.btf(heap + (8 << 20))
  return vm
}

function models(files: ReadonlyMap<string, Uint8Array>): Cases {
  return new Map([...files].map(([name, file]) => [name, caseModels(file)]))
}

let guests: Promise<Cases> | undefined

/** Cases whose guests differ in what their ITS was told; several targets have them. */
export function guestCases(): Promise<Cases> {
  guests ??= manyGuests()
  return guests
}

async function manyGuests(): Promise<Cases> {
  const files = new Map<string, Uint8Array>()
  files.set('planted/healthy', await planted(healthy()))
  files.set('planted/scattered', await planted(scattered()))
  files.set('planted/two-itses', await planted(twoItses()))
  for (const [i, { code, vm }] of problemCases.entries()) files.set(`planted/${code}-${i}`, await planted(vm()))
  for (const name of realGuests) files.set(name, fixture(name))
  return models(files)
}

/** Cases with virtio devices. */
export async function ringCases(): Promise<Cases> {
  const files = new Map<string, Uint8Array>()
  for (const kind of ['blk', 'net'] as const) files.set(`planted/owing-${kind}`, await planted(owing({ kind }, mapped())))
  files.set('planted/pending', await planted(owing({ isPending: true, queues: 5 })))
  for (const name of realRings) files.set(name, fixture(name))
  return models(files)
}

/** A case that holds what a guest kernel has of its ITS. */
export async function kernelCases(): Promise<Cases> {
  return models(new Map([['planted/linux', await planted(withKernel(), 'always')]]))
}
