import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type MsiTarget, vcpuActivities } from '../abi/index.ts'
import { type Gpa, type GpaRange, gpa, PAGE_BYTES } from '../memory/index.ts'
import { caseHeaderJson, readCaseHeader } from './case-header.ts'
import { printable } from './format-error.ts'
import { compressions } from './origin.ts'
import { PageRuns } from './page-runs.ts'

const RAM = 0x4000_0000
const range = (page: number, pages = 1): GpaRange => ({ base: gpa(RAM + page * PAGE_BYTES), bytes: pages * PAGE_BYTES })

describe('the header of a case', () => {
  const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  const count = fc.nat(2 ** 31)
  const its = fc.record({
    base: fc.option(fc.nat(2 ** 20), { nil: undefined }).map((frame) => (frame === undefined ? frame : gpa(frame * 0x1_0000))),
    ctlr: count,
    iidr: count,
    cbaser: word,
    cwriter: word,
    creadr: word,
    baser: fc.array(word, { minLength: 8, maxLength: 8 }),
  })
  const selector = ({ base }: { base: Gpa | undefined }) => base ?? Symbol('anywhere')
  const container = fc.oneof(
    fc.record({ kind: fc.constantFrom('plain' as const, 'qcow2-disk' as const) }),
    fc.record({
      kind: fc.constant('libvirt' as const),
      storage: fc.constantFrom('raw' as const, ...compressions),
    }),
    fc.record({ kind: fc.constant('qcow2' as const), snapshot: fc.string({ unit: 'binary', maxLength: 400 }).map(printable) }),
  )
  const target = fc.constantFrom<MsiTarget>(
    { kind: 'unset' },
    { kind: 'elsewhere' },
    { kind: 'translater', its: 0 },
    { kind: 'translated', its: 0 },
  )
  const vector = fc.record({ address: word, target, data: count, masked: fc.boolean() })
  const fn = fc.record(
    {
      name: fc.constant('0000:00:01.0/nic'),
      deviceId: count,
      routingId: fc.nat(0xffff),
      kind: fc.constantFrom('MSI' as const, 'MSI-X' as const, 'unread' as const),
      enabled: fc.boolean(),
      asleep: fc.constant(true as const),
      vectors: fc.array(vector),
    },
    { requiredKeys: ['name', 'deviceId', 'kind', 'enabled', 'vectors'] },
  )
  const address = fc.nat(2 ** 40).map(gpa)
  const vectorOf = fc.option(fc.nat(0xfffe), { nil: undefined })
  const position = fc.record({ index: fc.nat(0x7fff), wrap: fc.boolean() })
  const place = fc.oneof(
    fc.constantFrom({ kind: 'unset' as const }, { kind: 'elsewhere' as const }),
    fc.record(
      {
        kind: fc.constant('ram' as const),
        desc: address,
        avail: address,
        used: address,
        pages: fc.array(fc.record({ input: address, output: address }), { maxLength: 2 }),
      },
      { requiredKeys: ['kind', 'desc', 'avail', 'used'] },
    ),
  )
  const queue = fc.record(
    {
      size: fc.nat(2 ** 15),
      vector: vectorOf,
      place,
      nextAvail: fc.nat(0xffff),
      packed: fc.record({ avail: position, used: position }),
      offset: count,
    },
    { requiredKeys: ['size', 'vector', 'place', 'nextAvail', 'offset'] },
  )
  const device = fc.record(
    {
      name: fc.constant('0000:00:01.0/virtio-net'),
      deviceId: count,
      kind: fc.constantFrom('net' as const, 'blk' as const, undefined),
      unread: fc.constant('its state is too short'),
      status: fc.nat(255),
      features: word,
      configVector: vectorOf,
      queues: fc.array(queue, { maxLength: 3 }).map((queues) => queues.map((one, index) => ({ index, ...one }))),
      offset: count,
    },
    { requiredKeys: ['name', 'deviceId', 'kind', 'status', 'features', 'configVector', 'queues', 'offset'] },
  )
  const redistributor = fc.record({ vcpuId: fc.nat(0xffff), ctlr: count, propbaser: word, pendbaser: word })
  const header = fc.record({
    origin: fc.record({
      vmm: fc.constant('qemu' as const),
      ram: fc.constantFrom('stream' as const, 'mapped-ram' as const),
      container,
    }),
    machine: fc.constantFrom('virt-7.2', 'virt'),
    registers: fc.record(
      {
        itses: fc.uniqueArray(its, { minLength: 1, maxLength: 5, selector }),
        unreadItses: fc.nat(9),
        redistributors: fc.uniqueArray(redistributor, { minLength: 1, maxLength: 9, selector: ({ vcpuId }) => vcpuId }),
      },
      { requiredKeys: ['itses', 'redistributors'] },
    ),
    blocks: fc.constantFrom([], [{ name: 'mach-virt.ram', bytes: 0x8000 }]),
    ranges: fc.constant([range(0, 8)]),
    unlocated: fc.constantFrom([], [range(16, 4)]),
    msi: fc.array(fn, { maxLength: 3 }),
    virtio: fc.array(device, { maxLength: 2 }),
    vcpus: fc.array(fc.record({ did: fc.constantFrom(...vcpuActivities), isHandling: fc.boolean() }, { requiredKeys: ['did'] }), {
      maxLength: 3,
    }),
    pages: fc.constant(new PageRuns([range(1), range(4, 2)])),
    zeros: fc.constant(new PageRuns([range(2)])),
  })

  it('gives back what was written: every ITS with its address, and what the machine came from', () => {
    fc.assert(
      fc.property(header, (facts) => {
        expect(readCaseHeader(caseHeaderJson(facts), 0, 2)).toEqual(facts)
      }),
    )
  })
})
