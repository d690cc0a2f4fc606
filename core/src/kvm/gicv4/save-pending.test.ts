import { describe, expect, it } from 'vitest'
import { KVM_DEV_ARM_CTRL as CTRL, decodeCommand, KVM_DEV_ARM_VGIC_GRP as GRP, type Operands } from '../../abi/index.ts'
import { DirectVm } from '../../conformance/vlpi/testing/direct-vm.ts'
import { GicHost, KvmVm } from '../index.ts'

/** Half of the events forwarded, some of both halves pending. */
function busy(options = {}): DirectVm {
  const vm = new DirectVm(options)
  vm.forwardOnly(0, 1, 2, 3, 4, 5, 6, 7)
  for (const eventId of [1, 2, 5, 9, 12]) vm.msi(eventId)
  return vm
}

describe('saving pending state with GICv4.1', () => {
  it('writes the bits of forwarded and of software LPIs into the guest’s pending tables', () => {
    const vm = busy()
    expect(vm.savePending()).toEqual({ ok: true, value: 0 })
    expect(vm.saved()).toEqual([1, 2, 5, 9, 12])
  })

  it('unmaps every vPE on every ITS before it reads, and maps them again afterwards, by these commands', () => {
    const vm = busy({ itses: 2 })
    const sent = record(vm)
    expect(vm.savePending().ok).toBe(true)
    const [first, second] = vm.direct.vpes.map(({ vpeid }) => vpeid)
    const unmapped = (vpe: number) => [`0 INVDB ${vpe}`, `0 VMAPP ${vpe} V=0`, `1 VMAPP ${vpe} V=0 Alloc`]
    const mapped = (vpe: number) => [
      `0 VMAPP ${vpe} V=1 Alloc`,
      `0 VINVALL ${vpe}`,
      `1 VMAPP ${vpe} V=1`,
      `1 VINVALL ${vpe}`,
      `0 INVDB ${vpe}`,
    ]
    expect(sent.commands).toEqual([...unmapped(first!), ...unmapped(second!), ...mapped(first!), ...mapped(second!)])
    expect([sent.savedAtLastUnmap, sent.savedAtFirstMap]).toEqual([[], [1, 2, 5, 9, 12]])
  })

  it('is EBUSY while a vCPU runs, and nothing is unmapped then', () => {
    const vm = busy()
    vm.vm.loadVcpu(0, 1)
    expect(vm.savePending()).toMatchObject({ ok: false, errno: 'EBUSY' })
    expect(vm.vpe(0).resident).toBe(true)
  })

  it('leaves the VM as it was: nothing is lost and the vCPUs go on taking interrupts', () => {
    const vm = busy()
    vm.vm.loadVcpu(1, 3)
    vm.vm.putVcpu(1)
    vm.savePending()
    expect(vm.pending()).toEqual([1, 2, 5, 9, 12])
    vm.vm.loadVcpu(1, 3)
    expect([vm.direct.acknowledge(1), vm.direct.acknowledge(1), vm.direct.acknowledge(1)]).toEqual([8193, 8197, 1023])
    expect(vm.log.events.filter(({ kind }) => kind !== 'doorbell')).toEqual([])
  })

  it('clears bits of what the guest took since an earlier save', () => {
    const vm = busy()
    vm.savePending()
    vm.vm.loadVcpu(1, 0)
    vm.direct.acknowledge(1)
    vm.vm.putVcpu(1)
    vm.savePending()
    expect(vm.saved()).toEqual([2, 5, 9, 12])
  })

  it('comes back on another VM: as latches first, in the hardware when forwarding is set', () => {
    const vm = busy()
    vm.savePending()
    const saved = vm.save()
    const after = new DirectVm(saved.ok ? { saved: saved.value } : {})
    expect(after.pending()).toEqual([1, 2, 5, 9, 12])
    after.forwardOnly(0, 1, 2, 3, 4, 5, 6, 7)
    expect(after.pending()).toEqual([1, 2, 5, 9, 12])
    expect(after.lpis.isPending(after.handle(5))).toBe(false)
    after.vm.loadVcpu(1, 2)
    expect([after.direct.acknowledge(1), after.direct.acknowledge(1)]).toEqual([8193, 8197])
  })

  it.each([
    ['on GICv4.0', { version: 'GICv4.0' }],
    ['on Linux 5.10', { kernel: 'linux-5.10' }],
  ])('cannot be done %s: no vPE is unmapped, what software knows is written, and SAVE_TABLES is EACCES', (_, options) => {
    const vm = busy(options)
    const sent = record(vm)
    expect(vm.savePending()).toMatchObject({ ok: true })
    expect([vm.saved(), sent.commands]).toEqual([[9, 12], []])
    expect(vm.save()).toMatchObject({ ok: false, errno: 'EACCES' })
  })
})

describe('what the review of 2021 asked', () => {
  it('a vPE that was never mapped has nothing pending, and its table is not read', () => {
    const vm = new DirectVm({ version: 'GICv4.0', itses: 2 })
    vm.host.memory.fill(vm.vpe(0).vptAddr, 0x2000, 0xff)
    expect(vm.vpe(0).everMapped).toBe(false)
    expect(vm.direct.vlpiPending(8192)).toBe(false)
  })

  it.each([1, 2])(
    'vPEs that are not mapped when the save comes are read as they are, and mapped afterwards (%i ITSes)',
    (itses) => {
      const vm = busy({ itses })
      vm.direct.unmapAll()
      const commands = vm.log.events.length
      expect(vm.savePending()).toEqual({ ok: true, value: 0 })
      expect(vm.saved()).toEqual([1, 2, 5, 9, 12])
      expect(vm.direct.vpes.map(({ mapCount }) => mapCount)).toEqual([itses, itses])
      expect(vm.log.events.slice(commands).filter(({ kind }) => kind !== 'doorbell')).toEqual([])
      vm.vm.loadVcpu(1, 2)
      expect([vm.direct.acknowledge(1), vm.direct.acknowledge(1), vm.direct.acknowledge(1)]).toEqual([8193, 8197, 1023])
    },
  )

  it('unmapping twice is unmapping once, and so is mapping', () => {
    const vm = busy()
    vm.direct.unmapAll()
    vm.direct.unmapAll()
    expect(vm.direct.vpes.map(({ mapCount }) => mapCount)).toEqual([0, 0])
    vm.direct.mapAll()
    vm.direct.mapAll()
    expect(vm.direct.vpes.map(({ mapCount }) => mapCount)).toEqual([1, 1])
    expect([vm.pending(), vm.log.count('refused')]).toEqual([[1, 2, 5, 9, 12], 0])
  })

  it('the vPEs of a VM that is torn down while they are unmapped are not unmapped again', () => {
    const vm = new DirectVm()
    vm.direct.unmapAll()
    vm.direct.teardown()
    expect(vm.log.count('refused')).toBe(0)
  })

  it('a vCPU that came after the vPEs has none: what is pending for it is in software', () => {
    const vm = busy()
    vm.vm.createVcpu()
    vm.vm.gic.setPendbaser(2, vm.vm.gic.redistributors[1]!.pendbaser + 0x10000n)
    vm.vm.gic.setEnableLpis(2, true)
    vm.command('MAPC', { icid: 2, rdBase: 2, valid: true })
    vm.movi(12, 2)
    expect(vm.savePending()).toEqual({ ok: true, value: 0 })
    expect(vm.saved()).toEqual([1, 2, 5, 9, 12])
  })

  it('a VM whose GIC was never initialised cannot save them: ENXIO, and no vPE exists', () => {
    const vm = new KvmVm({ host: new GicHost({ version: 'GICv4.1' }) })
    vm.createVcpu()
    const gic = vm.createGic()
    expect(gic.setAttr(GRP.CTRL, BigInt(CTRL.VGIC_SAVE_PENDING_TABLES))).toMatchObject({ ok: false, errno: 'ENXIO' })
    expect(vm.direct!.vpes).toEqual([])
  })

  it('a VM that never ran saves that nothing is pending', () => {
    const vm = new DirectVm()
    vm.forwardOnly(0, 1, 2, 3)
    expect(vm.savePending()).toEqual({ ok: true, value: 0 })
    expect(vm.saved()).toEqual([])
  })

  it('vSGIs of an unmapped vPE cannot be read, keep their state, and are saved before or after the vLPIs', () => {
    const vm = busy()
    const { privates } = vm.vm.gic.redistributors[0]!
    vm.vm.sgis!.request(true)
    privates.setPriority(4, 0x80)
    privates.raise(1 << 4)
    const before = privates.latched
    vm.direct.unmapAll()
    const between = privates.latched
    expect(vm.log.events.at(-1)).toMatchObject({ kind: 'unpredictable', vpeid: vm.vpe(0).vpeid })
    vm.direct.mapAll()
    expect([before, between, privates.latched]).toEqual([1 << 4, 0, 1 << 4])
    vm.savePending()
    expect(privates.latched).toBe(1 << 4)
  })

  it.each([
    ['software', 'before', false],
    ['software', 'after', false],
    ['hardware', 'before', true],
    ['hardware', 'after', true],
  ] as const)(
    'vSGIs and vLPIs are saved one after the other: SGIs that %s delivers, read %s the pending tables',
    (_, when, directSgis) => {
      const vm = busy({ directSgis })
      for (const sgi of [2, 9]) vm.sendSgi(1, sgi)
      const before = vm.registers()
      expect(vm.savePending().ok).toBe(true)
      const saved = vm.save(when === 'before' ? before : undefined)
      const after = new DirectVm(saved.ok ? { saved: saved.value } : {})
      after.forwardOnly(0, 1, 2, 3, 4, 5, 6, 7)
      const { events, sgis } = after.run(() => 1)
      expect([[...events].sort((a, b) => a - b), [...sgis].sort()]).toEqual([
        [1, 2, 5, 9, 12],
        ['1:2', '1:9'],
      ])
      expect(after.vm.sgis!.inHardware).toBe(directSgis)
      expect(after.log.events.filter(({ kind }) => kind !== 'doorbell')).toEqual([])
    },
  )

  it('an interrupt that arrives in the unmapped window is lost: its device was not quiesced, and the log says so', () => {
    const vm = busy()
    vm.direct.unmapAll()
    expect(vm.msi(0)).toBe(false)
    vm.direct.mapAll()
    expect(vm.pending()).toEqual([1, 2, 5, 9, 12])
    expect(vm.log.events.at(-1)).toMatchObject({ kind: 'lost', vintid: 8192, says: expect.stringMatching(/not quiesced/) })
  })

  it('a save that skips the unmap reads stale bits: new ones are missing, taken ones are still there', () => {
    const vm = new DirectVm()
    vm.forwardOnly(0, 1, 2, 3)
    vm.msi(0)
    vm.msi(2)
    vm.savePending()
    vm.vm.loadVcpu(0, 0)
    vm.direct.acknowledge(0)
    vm.vm.putVcpu(0)
    vm.msi(1)
    expect(vm.pending()).toEqual([1, 2])
    const stale = [0, 1, 2, 3].filter((eventId) => vm.direct.vlpiPending(8192 + eventId))
    expect(stale).toEqual([0, 2])
  })

  it('bits of the table below INTID 8192 are ignored: they are the state of vSGIs', () => {
    const vm = new DirectVm()
    vm.vm.sgis!.request(true)
    vm.vm.gic.redistributors[0]!.privates.raise(0xffff)
    vm.forwardOnly(0)
    vm.savePending()
    expect(vm.host.memory.read(vm.vpe(0).vptAddr, 16).some((byte) => byte !== 0)).toBe(true)
    expect(vm.saved()).toEqual([])
  })

  it('a save that fails half-way maps the vPEs again and loses nothing', () => {
    const vm = busy()
    vm.vm.gic.setPendbaser(1, 0x10000n)
    expect(vm.savePending()).toMatchObject({ ok: false, errno: 'EFAULT' })
    expect(vm.direct.vpes.map(({ mapCount }) => mapCount)).toEqual([1, 1])
    expect(vm.pending()).toEqual([1, 2, 5, 9, 12])
    vm.vm.loadVcpu(0, 1)
    expect(vm.direct.acknowledge(0)).toBe(8194)
  })
})

/** The commands about vPEs that each ITS executes from now on, and what the guest's tables hold when the vPEs are mapped again. */
function record(vm: DirectVm) {
  const sent = {
    commands: [] as string[],
    savedAtLastUnmap: undefined as number[] | undefined,
    savedAtFirstMap: undefined as number[] | undefined,
  }
  for (const its of vm.host.hardware.itses) {
    const execute = its.execute.bind(its)
    its.execute = (words) => {
      const { name, args } = decodeCommand(words)!
      const { vpeid, valid, alloc } = args as Operands<'VMAPP'>
      const flags = name === 'VMAPP' ? [` V=${Number(valid)}`, alloc ? ' Alloc' : ''] : []
      sent.commands.push(`${its.number} ${name} ${vpeid}${flags.join('')}`)
      if (name === 'VMAPP' && valid) sent.savedAtFirstMap ??= vm.saved()
      else if (sent.savedAtFirstMap === undefined) sent.savedAtLastUnmap = vm.saved()
      return execute(words)
    }
  }
  return sent
}
