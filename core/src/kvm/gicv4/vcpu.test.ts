import { describe, expect, it } from 'vitest'
import { KVM_DEV_ARM_CTRL as CTRL, GICD, GICD_CTLR, KVM_DEV_ARM_VGIC_GRP as GRP } from '../../abi/index.ts'
import { DirectVm } from '../../conformance/vlpi/testing/direct-vm.ts'
import { distributorFrame } from '../../its/index.ts'
import { GicHost, KvmVm } from '../index.ts'

const ready = (options = {}) => {
  const vm = new DirectVm(options)
  vm.forwardOnly(0, 1)
  return vm
}

describe.each(['GICv4.0', 'GICv4.1'] as const)('a vCPU on %s', (version) => {
  it('takes its interrupts on whichever processor it is loaded', () => {
    const vm = ready({ version })
    for (const processor of [0, 3, 1]) {
      vm.msi(0)
      vm.vm.loadVcpu(0, processor)
      expect([vm.vpe(0).processor, vm.direct.acknowledge(0)]).toEqual([processor, 8192])
      vm.vm.putVcpu(0)
    }
    expect(vm.log.count('unpredictable') + vm.log.count('refused') + vm.log.count('lost')).toBe(0)
  })

  it('that blocks is woken once by the first interrupt', () => {
    const vm = ready({ version })
    vm.vm.loadVcpu(0, 1)
    expect(vm.vm.putVcpu(0, { blocks: true })).toBe(false)
    vm.msi(0)
    vm.msi(0)
    expect([vm.vpe(0).rings, vm.vpe(0).pendingLast, vm.lpis.kicks[0]]).toEqual([1, true, 1])
  })

  it('does not block when something is pending', () => {
    const vm = ready({ version })
    vm.vm.loadVcpu(0, 1)
    vm.msi(0)
    expect(vm.vm.putVcpu(0, { blocks: true })).toBe(true)
    expect(vm.vpe(0).rings).toBe(0)
  })

  it('loaded twice stays where it is, and put twice says the same', () => {
    const vm = ready({ version })
    vm.vm.loadVcpu(0, 1)
    vm.vm.loadVcpu(0, 2)
    expect(vm.vpe(0).processor).toBe(1)
    vm.msi(0)
    expect([vm.vm.putVcpu(0, { blocks: true }), vm.vm.putVcpu(0, { blocks: true })]).toEqual([true, true])
  })

  it('that will be back is not woken', () => {
    const vm = ready({ version })
    vm.vm.loadVcpu(0, 1)
    vm.vm.putVcpu(0)
    vm.msi(0)
    expect(vm.vpe(0).rings).toBe(0)
    vm.vm.loadVcpu(0, 1)
    expect(vm.direct.acknowledge(0)).toBe(8192)
  })
})

it('hardware that stays Dirty is taken to have something pending', () => {
  const vm = ready({ latency: Number.POSITIVE_INFINITY })
  vm.vm.loadVcpu(0, 0)
  expect(vm.vm.putVcpu(0, { blocks: true })).toBe(true)
})

it('that runs when the guest enables the distributor takes what waited', () => {
  const vm = ready()
  const enable = (enableGrp1: boolean) => distributorFrame.write(vm.vm.gic, GICD.CTLR, 4, GICD_CTLR.pack({ enableGrp1 }))
  enable(false)
  vm.vm.loadVcpu(0, 2)
  vm.msi(0)
  expect(vm.take(0)).toBeUndefined()
  enable(true)
  expect([vm.vpe(0).processor, vm.take(0)]).toEqual([2, 0])
})

it('cannot be loaded while its vPE is unmapped', () => {
  const vm = ready()
  vm.direct.unmapAll()
  expect(() => vm.vm.loadVcpu(0, 1)).toThrow(expect.objectContaining({ errno: 'EINVAL' }))
  vm.direct.mapAll()
  vm.vm.loadVcpu(0, 1)
  expect(vm.vpe(0).resident).toBe(true)
})

it.each([
  ['none', undefined, false, false],
  ['GICv4.0', new GicHost({ version: 'GICv4.0' }), true, false],
  ['GICv4.1', new GicHost({ version: 'GICv4.1' }), true, true],
])('a VM knows what its host has: %s', (_, host, hasGicv4, hasGicv41) => {
  const vm = new KvmVm(host && { host })
  expect([vm.hasGicv4, vm.hasGicv41]).toEqual([hasGicv4, hasGicv41])
})

it('on GICv4.0 the vPEs come with the first ITS, on GICv4.1 with the GIC', () => {
  const made = (['GICv4.0', 'GICv4.1'] as const).map((version) => {
    const vm = new KvmVm({ host: new GicHost({ version }) })
    vm.createVcpu()
    vm.createGic().setAttr(GRP.CTRL, BigInt(CTRL.VGIC_CTRL_INIT))
    const before = vm.direct!.vpes.length
    vm.createIts()
    return [before, vm.direct!.vpes.length]
  })
  expect(made).toEqual([
    [0, 1],
    [1, 1],
  ])
})

describe('on several ITSes', () => {
  it('GICv4.1 maps every vPE on each from the start, and VMOVP goes to all with one sequence number', () => {
    const vm = ready({ itses: 3 })
    const { itses, virtual } = vm.host.hardware
    expect([...virtual.vpe(vm.vpe(0).vpeid)!.routes.keys()]).toEqual([0, 1, 2])
    const moves = record(vm)
    vm.vm.loadVcpu(0, 2)
    expect(moves).toEqual(itses.map(({ number }) => ({ its: number, itsList: 0b111, sequence: moves[0]!.sequence })))
    vm.vm.putVcpu(0)
    vm.vm.loadVcpu(0, 3)
    expect(moves[3]!.sequence).not.toBe(moves[0]!.sequence)
    expect(vm.log.count('refused')).toBe(0)
  })

  it('GICv4.0 maps the vPEs on an ITS with its first vLPI and unmaps them with its last', () => {
    const vm = new DirectVm({ itses: 2, version: 'GICv4.0' })
    const mapped = () => vm.host.hardware.virtual.vpe(vm.vpe(0).vpeid)?.routes.size ?? 0
    expect(mapped()).toBe(0)
    vm.forwardOnly(0, 1)
    expect(mapped()).toBe(1)
    const moves = record(vm)
    vm.vm.loadVcpu(0, 2)
    expect(moves).toMatchObject([{ its: 0, itsList: 0b01 }])
    vm.vm.putVcpu(0)
    vm.unsetForwarding(0)
    expect(mapped()).toBe(1)
    vm.unsetForwarding(1)
    expect(mapped()).toBe(0)
  })
})

interface Move {
  readonly its: number
  readonly itsList: number
  readonly sequence: number
}

/** The VMOVPs that each ITS executes from now on. */
function record(vm: DirectVm): Move[] {
  const moves: Move[] = []
  for (const its of vm.host.hardware.itses) {
    const execute = its.execute.bind(its)
    its.execute = (words) => {
      if ((words[0]! & 0xff) === 0x22) moves.push({ its: its.number, itsList: words[2]! & 0xffff, sequence: words[1]! & 0xffff })
      return execute(words)
    }
  }
  return moves
}
