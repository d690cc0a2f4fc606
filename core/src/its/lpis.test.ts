import { describe, expect, it } from 'vitest'
import { quirkSet } from '../abi/index.ts'
import { Lpis } from './lpis.ts'

const ON = 0xa1

function lpisOf(vcpus: number, delivering = true) {
  const lpis = new Lpis()
  for (let n = 0; n < vcpus; n++) lpis.addVcpu()
  lpis.delivering = delivering
  const create = (intid: number, target: number, config = ON) => {
    const handle = lpis.create(intid, target)
    lpis.configure(handle, config)
    return handle
  }
  return { lpis, create }
}

function taken(lpis: Lpis, vcpu: number): number[] {
  lpis.settle(vcpu)
  const intids: number[] = []
  for (let lpi = lpis.highest(vcpu); lpi !== 0; lpi = lpis.highest(vcpu)) {
    intids.push(lpis.intid(lpi))
    lpis.take(lpi)
  }
  return intids
}

describe('the LPIs of a VM', () => {
  it('are taken by priority, then in order of arrival, once however often they were raised', () => {
    const { lpis, create } = lpisOf(1)
    const raise = [
      create(8192, 0, 0xf1),
      create(8200, 0, 0x01),
      create(65535, 0, 0x81),
      create(8300, 0, 0x81),
      create(9000, 0, 0x7d),
    ]
    for (const lpi of [...raise, ...raise]) lpis.raise(lpi)
    expect(taken(lpis, 0)).toEqual([8200, 9000, 65535, 8300, 8192])
    expect(taken(lpis, 0)).toEqual([])
  })

  it('stay in a queue when they are retargeted, until the old vCPU runs', () => {
    const { lpis, create } = lpisOf(2)
    const lpi = create(8192, 0)
    lpis.raise(lpi)
    lpis.retarget(lpi, 1)
    expect(taken(lpis, 1)).toEqual([])
    expect(taken(lpis, 0)).toEqual([])
    expect(taken(lpis, 1)).toEqual([8192])
  })

  it('live on without a reference while they are queued', () => {
    const { lpis, create } = lpisOf(1)
    const [queued, idle] = [create(8192, 0), create(8193, 0)]
    lpis.raise(queued)
    lpis.release(queued)
    lpis.release(idle)
    expect([lpis.find(8192), lpis.find(8193), lpis.first(), lpis.after(queued)]).toEqual([queued, 0, queued, 0])
    expect(taken(lpis, 0)).toEqual([8192])
    expect(lpis.find(8192)).toBe(0)
  })

  it('are queued neither while disabled, nor while the distributor forwards nothing', () => {
    const { lpis, create } = lpisOf(1, false)
    const [lpi, disabled] = [create(8192, 0), create(8193, 0, 0xa0)]
    lpis.raise(lpi)
    lpis.delivering = true
    lpis.raise(disabled)
    expect([taken(lpis, 0), lpis.isPending(lpi), lpis.isPending(disabled)]).toEqual([[], true, true])
    lpis.configure(disabled, ON)
    expect(taken(lpis, 0)).toEqual([8193])
  })

  it('change their place in the queue with their priority', () => {
    const { lpis, create } = lpisOf(1)
    const [first, second] = [create(8192, 0, 0x81), create(8193, 0, 0x81)]
    lpis.raise(first)
    lpis.raise(second)
    lpis.configure(second, 0x11)
    expect(taken(lpis, 0)).toEqual([8193, 8192])
  })

  it('may have INTIDs beyond 16 bits, as a restore accepts, and reuse nothing but free handles', () => {
    const { lpis, create } = lpisOf(1)
    const [high, highest] = [create(65536, 0), create(0xffffffff, 0)]
    expect([high, highest].map((lpi) => lpis.intid(lpi))).toEqual([65536, 0xffffffff])
    lpis.release(high)
    expect([lpis.find(65536), lpis.find(0xffffffff)]).toEqual([0, highest])
    expect(create(100_000, 0)).toBe(high)
  })

  it('lose what is queued when a vCPU is flushed, and keep what is not', () => {
    const { lpis, create } = lpisOf(2)
    const [mine, other, disabled] = [create(8192, 0), create(8193, 1), create(8194, 0, 0xa0)]
    for (const lpi of [mine, other, disabled]) lpis.raise(lpi)
    lpis.flush(0, quirkSet([]))
    expect([mine, other, disabled].map((lpi) => lpis.isPending(lpi))).toEqual([false, true, true])
  })
})
