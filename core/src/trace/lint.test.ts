import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { KVM_DEV_ARM_CTRL as CTRL, GITS, KVM_DEV_ARM_VGIC_GRP as GROUP } from '../abi/index.ts'
import { orderRules } from '../kvm/index.ts'
import { lintTrace, parseTrace, saveRules } from './index.ts'
import { vmsOf } from './vm.ts'

const folder = new URL('../../../fixtures/traces/', import.meta.url)
const fixture = (name: string) => readFileSync(new URL(`${name}.jsonl`, folder), 'utf8')

type Line = Readonly<Record<string, unknown>>
const linesOf = (name: string): Line[] =>
  fixture(name)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
const judged = (lines: readonly Line[]) =>
  lintTrace(parseTrace(lines.map((line) => JSON.stringify(line)).join('\n'))).map(
    ({ kind, findings }) => `${kind}: ${findings.map(({ rule }) => rule).join(', ') || 'in order'}`,
  )

/** What was recorded of a real KVM, and the rules that each breaks. */
const recorded: Readonly<Record<string, readonly string[]>> = {
  'save-in-order': ['save: in order'],
  'save-without-tables': ['save: tables-not-saved'],
  'save-without-pending': ['save: pending-not-saved'],
  'save-that-fails': ['save: save-failed'],
  'save-then-msi': ['save: msi-after-save'],
  'save-after-dirty-log': ['save: tables-after-dirty-log'],
  'save-as-one-vcpu': ['save: one-mpidr'],
  'qemu-by-bpftrace': ['save: in order', 'restore: in order'],
  'restore-in-order': ['save: in order', 'restore: in order'],
  'restore-as-qemu': ['save: in order', 'restore: in order'],
  'restore-ctlr-first': ['save: in order', 'restore: restore-tables-before-its-ctlr'],
  'restore-lpis-enabled-first': ['save: in order', 'restore: restore-tables-refused, lpi-tables-before-enable-lpis'],
  'restore-without-iidr': ['save: in order', 'restore: iidr-before-restore-tables'],
  'restore-basers-late': ['save: in order', 'restore: basers-before-restore-tables'],
  'restore-then-baser': ['save: in order', 'restore: basers-again'],
  'restore-twice': ['save: in order', 'restore: restore-tables-refused, restore-tables-again'],
  'restore-cbaser-late': ['save: in order', 'restore: cbaser-before-creadr, cbaser-before-cwriter'],
  'restore-as-one-vcpu': ['save: in order', 'restore: restore-tables-refused, one-mpidr'],
}

describe('a trace that was recorded of a real KVM', () => {
  it('is there for each row', () => {
    expect(readdirSync(folder).sort()).toEqual(
      Object.keys(recorded)
        .map((name) => `${name}.jsonl`)
        .sort(),
    )
  })

  it.each(Object.entries(recorded))('breaks the rules that it was made to break: %s', (name, rules) => {
    expect(judged(linesOf(name))).toEqual(rules)
  })

  it('is there for every rule of a save', () => {
    const broken = Object.values(recorded).flatMap((rules) => rules.flatMap((rule) => rule.split(/: |, /)))
    expect(Object.keys(saveRules).filter((rule) => !broken.includes(rule))).toEqual([])
  })
})

const ITS = 11
const restore = linesOf('restore-in-order').slice(31)
const isAt = (line: Line, group: number, attr: number) => line['group'] === group && Number(line['attr']) === attr
const restoreTables = restore.findIndex((line) => line['fd'] === ITS && isAt(line, GROUP.CTRL, CTRL.ITS_RESTORE_TABLES))
const registers = restore.slice(12, -1)

describe('a restore', () => {
  it('is judged from where the trace begins: what was done before is not called missing', () => {
    expect(judged(registers)).toEqual(['restore: in order'])
    expect(judged(restore.filter(({ op }) => op !== 'vcpu'))).toEqual([
      'restore: vcpus-before-restore-tables, vcpus-before-lpi-tables, vcpus-before-enable-lpis',
    ])
  })

  it('may follow a reset of its devices, which writes zeroes to the same registers', () => {
    const zeroes = registers
      .filter((line) => line['group'] === GROUP.REDIST_REGS)
      .map((line) => ({ ...line, value: '0x0' }))
      .reverse()
    const reset = [{ op: 'set', fd: ITS, group: GROUP.CTRL, attr: CTRL.ITS_CTRL_RESET }]
    expect(judged([...restore.slice(0, 12), ...zeroes, ...reset, ...registers, { op: 'run' }])).toEqual(['restore: in order'])
    const off = { op: 'set', fd: ITS, group: GROUP.ITS_REGS, attr: GITS.CTLR, value: 0 }
    expect(judged([...restore.slice(0, 12), off, ...registers])).toEqual(['restore: in order'])
  })

  it('is another one after the guest has run, of a VM that is there already', () => {
    expect(judged([...restore, ...registers, { op: 'run' }])).toEqual(['restore: in order', 'restore: in order'])
  })

  it('that forgets RESTORE_TABLES is one all the same', () => {
    expect(judged(restore.filter((_, index) => index !== restoreTables))).toEqual([
      'restore: restore-tables-before-its-ctlr, restore-tables-missing',
    ])
  })

  it('is out of order when one register of many is late', () => {
    const late = (is: (line: Line) => boolean) => {
      const at = restore.findIndex(is)
      const without = restore.filter((_, index) => index !== at)
      return judged([...without.slice(0, -1), restore[at]!, restore.at(-1)!])
    }
    expect(late((line) => line['fd'] === ITS && isAt(line, GROUP.ITS_REGS, GITS.BASER0 + 8))).toEqual([
      'restore: basers-before-restore-tables, basers-before-its-ctlr',
    ])
    expect(late((line) => line['attr'] === '0x100000078')).toEqual([
      'restore: lpi-tables-before-enable-lpis, lpi-tables-before-restore-tables',
    ])
    expect(late((line) => line['attr'] === '0x100000000')).toEqual(['restore: enable-lpis-before-restore-tables'])
  })

  it('may write a table again as it is: nothing changes', () => {
    const baser = restore.find((line) => line['fd'] === ITS && isAt(line, GROUP.ITS_REGS, GITS.BASER0))!
    expect(judged([...restore.slice(0, -1), baser])).toEqual(['restore: in order'])
    expect(judged([...restore.slice(0, -1), { ...baser, value: undefined }])).toEqual(['restore: basers-again'])
  })

  it('is judged ITS by ITS, and process by process', () => {
    const second = restore
      .filter(({ fd, op }) => fd === ITS || (op === 'create' && fd === ITS))
      .map((line) => ({ ...line, fd: ITS + 1 }))
    const tables = second.findIndex((line) => isAt(line, GROUP.CTRL, CTRL.ITS_RESTORE_TABLES))
    const wrong = second.filter((_, index) => index !== tables)
    const both = [...restore.slice(0, -1), ...wrong, restore.at(-1)!]
    const [found] = lintTrace(parseTrace(both.map((line) => JSON.stringify(line)).join('\n')))
    expect(found!.findings.map(({ its, rule }) => [its, rule])).toEqual([
      [ITS + 1, 'restore-tables-before-its-ctlr'],
      [ITS + 1, 'restore-tables-missing'],
    ])
    const other = linesOf('restore-ctlr-first')
      .slice(31)
      .map((line) => ({ ...line, pid: 7 }))
    const mixed = restore.flatMap((line, index) => [line, other[index]!])
    expect(judged(mixed)).toEqual(['restore: in order', 'restore: restore-tables-before-its-ctlr'])
  })

  it('is judged VM by VM of a process, by file descriptors: QEMU makes another VM in the midst of the one that it runs', () => {
    const [VM, OTHER, VCPU] = [5, 6, 20]
    const told = restore.map((line) => {
      if (line['op'] === 'create-vm') return { ...line, ret: VM }
      if (line['op'] === 'vcpu') return { ...line, vm: VM, ret: VCPU + Number(line['id']) }
      return line['op'] === 'memory' || line['op'] === 'create' ? { ...line, vm: VM } : line
    })
    const scratch = [
      { op: 'create-vm', ret: OTHER },
      { op: 'vcpu', vm: OTHER, id: 0, ret: ITS },
    ]
    const ofVcpu = { op: 'set', fd: VCPU, group: GROUP.ADDR, attr: 0, value: '0x17' }
    const vcpus = told.findLastIndex(({ op }) => op === 'vcpu') + 1
    const all = [...told.slice(0, 1), ...scratch, ...told.slice(1, vcpus), ofVcpu, ...told.slice(vcpus)]
    expect(judged(all)).toEqual(['restore: in order'])
    expect(vmsOf(parseTrace(all.map((line) => JSON.stringify(line)).join('\n')))).toMatchObject([
      { isWhole: true, vcpus: 2, gic: 10, itses: [ITS], calls: { length: restore.length + 1 } },
      { isWhole: true, vcpus: 1, gic: undefined, itses: [], calls: { length: 2 } },
    ])
  })
})

describe('a save', () => {
  const save = linesOf('save-in-order').slice(12)

  it('that fails and is tried again until it succeeds is one that succeeds', () => {
    const tables = save.findIndex((line) => line['fd'] === ITS && isAt(line, GROUP.CTRL, CTRL.ITS_SAVE_TABLES))
    const busy = { ...save[tables]!, ret: -16 }
    expect(judged([...save.slice(0, tables), busy, ...save.slice(tables)])).toEqual(['save: in order'])
  })

  it('of a VM with one vCPU that is saved twice in one pause confuses nobody', () => {
    const one = save.filter(({ attr }) => !String(attr).startsWith('0x10000'))
    expect(judged([...one, ...one])).toEqual(['save: in order'])
  })
})

it('every rule about the order of a restore has a name of its own', () => {
  const names = orderRules.map(({ first, then }) => `${first}-before-${then}`)
  expect(new Set(names).size).toBe(names.length)
})

it('a trace in which nothing is saved or restored has nothing to judge', () => {
  expect(judged(linesOf('save-in-order').slice(0, 12))).toEqual([])
  expect(judged([])).toEqual([])
})
