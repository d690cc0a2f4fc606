import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { decompress } from 'fzstd'
import { describe, expect, it } from 'vitest'
import { inspect } from '../../inspect/index.ts'
import { bytesSource, FormatError, openRunningVm, openSavedMachine, writeCase } from '../index.ts'
import { streamFixtures } from '../testing/fixtures.ts'
import { pausedAs, runningFixture } from '../testing/running-vm.ts'
import { undescribedSections } from './undescribed-state.ts'

const golden = new Uint8Array(
  readFileSync(new URL('../../../../fixtures/formats/xen-save-devices-state.tcg-7.2.bin', import.meta.url)),
)

/** Where in its file a device's queues lie is another place. */
const placeless = (devices: readonly unknown[]): string =>
  JSON.stringify(devices, (key, value) => (key === 'offset' ? undefined : typeof value === 'bigint' ? `${value}` : value))

const opened = async (name: string) => {
  const { state, vm, saved } = await runningFixture(name)
  return { running: await openRunningVm(state, vm), saved }
}

/** Of each QEMU, of each kind of device, of RAM in several pieces; all of them with VITS_LONG. */
const some = ['ghosts', 'qemu10', 'nvme72-s1', 'smmu-s1', 'mem-vmem-s1'] as const
const fixtures = process.env['VITS_LONG'] === undefined ? some : streamFixtures

describe('the state of devices that QEMU 7.2 wrote of a running VM', () => {
  it('falls into its sections, each of which ends where its footer is', () => {
    const sections = undescribedSections(golden)
    expect(sections.map(({ device, bytes }) => `${device.name} ${device.instance} ${bytes}`)).toEqual([
      'arm_gicv3 0 11002',
      'arm_gicv3_its 0 96',
      'timer 0 24',
      'pflash_cfi01 0 11',
      'pflash_cfi01 1 11',
      'cpu_common 0 8',
      'cpu 0 5382',
      'cpu_common 1 8',
      'cpu 1 5382',
      'pl011 0 149',
      'pl031 0 51',
      '0000:00:00.0/gpex_root 0 276',
      'PCIHost 0 4',
      'PCIBUS 0 20',
      'pl061 0 84',
      'gpio-key 0 8',
      'fw_cfg 0 74',
      'virt_acpi_build 0 1',
      'globalstate 0 104',
    ])
  })

  it('has both redistributors, with the parts that follow each, and an ITS that is not KVM’s', async () => {
    const [gic] = undescribedSections(golden)
    const vcpus = gic!.device.fields.filter(({ name }) => name === 'cpu')
    expect(vcpus.map(({ struct }) => struct!.subsections.map(({ name }) => name))).toEqual([
      ['arm_gicv3_cpu/sre_el1'],
      ['arm_gicv3_cpu/sre_el1'],
    ])
    const { vm } = await runningFixture('healthy')
    await expect(openRunningVm(golden, vm)).rejects.toThrow("this VM ran on QEMU's own ITS")
  })
})

describe.each(['7.2', '11.1'])('the state of devices that QEMU %s wrote with KVM', (version) => {
  it('says what the stream says that was written of the same stopped VM', async () => {
    const dump = (name: string) => decompress(readFileSync(new URL(`../../../../fixtures/dumps/${name}.zst`, import.meta.url)))
    const saved = await openSavedMachine(bytesSource(dump('qemu-7.2.mig')))
    const running = await openRunningVm(dump(`qemu-${version}.devices`), pausedAs(saved))
    expect([running.registers, running.msi, running.vcpus]).toEqual([saved.registers, saved.msi, saved.vcpus])
    expect(placeless(running.virtio)).toBe(placeless(saved.virtio))
    const [report] = (await inspect(running)).audit()
    expect([report!.verdict, report!.orphans.devices]).toEqual(['corrupts', [0x8, 0x18, 0x20, 0x30, 0x200]])
  })
})

describe('a running VM', () => {
  it.each(fixtures)('is what its save is, in every register and device: %s', async (name) => {
    const { running, saved } = await opened(name)
    expect(running.registers).toEqual(saved.registers)
    expect(running.vcpus).toEqual(saved.vcpus)
    expect(running.msi).toEqual(saved.msi)
    expect(placeless(running.virtio)).toBe(placeless(saved.virtio))
  })

  it.each(['smmu-s1'] as const)('is judged as its save is, and as a case of it: %s', async (name) => {
    const both = await opened(name)
    const [running, saved] = [await inspect(both.running), await inspect(both.saved)]
    expect(running.audit()).toEqual(saved.audit())
    expect(running.judge()).toEqual(saved.judge())
    const { memory, ranges } = running.loaded
    const small = await openSavedMachine(bytesSource(await writeCase(both.running, memory, ranges)))
    expect([small.format, (await inspect(small)).audit()]).toEqual(['case of a running QEMU VM', saved.audit()])
  })

  it('cannot be written back', async () => {
    const { running } = await opened('healthy')
    expect([running.format, running.writeBack, running.files]).toEqual([
      'running QEMU VM',
      { to: 'nowhere', because: 'running' },
      [],
    ])
  })

  it('is refused where it is no arm64 virt machine, or has no RAM', async () => {
    const { state, vm } = await runningFixture('healthy')
    await expect(openRunningVm(state, { ...vm, machine: 'pc-q35-7.2' })).rejects.toThrow('"virt" machine')
    await expect(openRunningVm(state, { ...vm, ram: [] })).rejects.toThrow('expected guest RAM')
  })
})

describe('the state of devices', () => {
  it('is refused, with the byte, where it ends before its end or is something else', () => {
    const begun = (length: number) => () => undescribedSections(golden.subarray(0, length))
    fc.assert(
      fc.property(fc.nat(golden.length - 1), (length) => {
        expect(begun(length)).toThrow(FormatError)
      }),
      { numRuns: 200 },
    )
    expect(() => undescribedSections(new Uint8Array([...golden, 0]))).toThrow(FormatError)
    expect(() => undescribedSections(new Uint8Array(64))).toThrow(FormatError)
  })

  it('is read or refused whatever one byte of it is, and nothing else happens', async () => {
    const { vm, state } = await runningFixture('healthy')
    await fc.assert(
      fc.asyncProperty(fc.nat(state.length - 1), fc.nat(255), async (at, byte) => {
        const changed = state.slice()
        changed[at] = byte
        const outcome = await openRunningVm(changed, vm).catch((error: unknown) => error)
        expect(outcome instanceof FormatError || !(outcome instanceof Error)).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  it('is refused where a guest has put into a device what reads as the end of it', async () => {
    const { state } = await runningFixture('healthy')
    const serial = undescribedSections(state).find(({ device }) => device.name === 'pl011')!
    const id = state.subarray(serial.offset - (4 + 1 + 'pl011'.length + 8), serial.offset - (1 + 'pl011'.length + 8))
    const forged = [0x7e, ...id, 4, 0, 0, 1, 0, 5, ...new TextEncoder().encode('quiet'), 0, 0, 0, 0, 0, 0, 0, 1]
    const changed = state.slice()
    changed.set(forged, serial.offset + 20)
    expect(() => undescribedSections(changed)).toThrow(/one footer of section \d+, "pl011", found another/)
  })

  it('is read where a guest has put such words into its GIC', async () => {
    const { vm, state, saved } = await runningFixture('healthy')
    const [gic] = undescribedSections(state)
    const id = state.subarray(9, 13)
    const forged = [0x7e, ...id, 4, 0, 0, 1, 0, 5, ...new TextEncoder().encode('quiet'), 0, 0, 0, 0, 0, 0, 0, 1]
    const changed = state.slice()
    // Into the groups of SPIs, which a guest writes as it likes.
    changed.set(forged, gic!.offset + 12 + 8)
    expect((await openRunningVm(changed, vm)).registers).toEqual(saved.registers)
  })
})
