import { describe, expect, it } from 'vitest'
import { audit, headings, problems, setScene } from './index.ts'
import { PlantedVm, pciFunction } from './testing/planted-vm.ts'
import { problemCases as cases, healthy } from './testing/problem-cases/index.ts'

/** M703 and M704 need tables that are absurdly large: hostile.test.ts; M706 to M709 a budget: budgets.test.ts and core/src/inspect; M710 a kernel that is not all known: unsettled.test.ts there. */
const elsewhere = ['M703', 'M704', 'M706', 'M707', 'M708', 'M709', 'M710']

describe('every problem in the catalogue', () => {
  it.each(cases.map((one) => [one.code, problems[one.code].slug, one.when, one] as const))(
    '%s %s: %s',
    (code, _slug, _when, one) => {
      const vm = one.vm()
      const found = audit(setScene(vm.input())).findings.filter((finding) => finding.code === code)
      expect(
        found.length,
        audit(setScene(vm.input()))
          .findings.map(({ code, says }) => `${code} ${says}`)
          .join('\n'),
      ).toBeGreaterThan(0)
      const { deviceId, eventId, errno, severity } = one
      expect(found[0]).toMatchObject({
        severity,
        errno,
        ...(deviceId === undefined ? {} : { deviceId }),
        ...(eventId === undefined ? {} : { eventId }),
        ...(one.confidence === undefined ? {} : { confidence: one.confidence }),
      })
      expect(found[0]!.says).not.toMatch(/undefined|NaN/)
    },
  )

  it.each(cases.filter(({ mends }) => mends).map((one) => [one.code, one] as const))(
    '%s is mended by its own fix',
    (code, { vm }) => {
      const planted = vm()
      const before = audit(setScene(planted.input()))
      for (const { fix } of before.findings.filter((finding) => finding.code === code)) {
        expect(fix.writes.length).toBeGreaterThan(0)
        for (const { at, to } of fix.writes) planted.memory.setWord(at, to[0], to[1])
      }
      const after = audit(setScene(planted.input()))
      expect(after.findings.map((finding) => finding.code)).not.toContain(code)
      expect(after.lost).toBe(0)
    },
  )

  it('has a case here, or in the tests of hostile tables and of budgets', () => {
    expect(Object.keys(problems).sort()).toEqual([...new Set([...cases.map(({ code }) => code), ...elsewhere])].sort())
  })

  it('has all six headings, and a slug of its own', () => {
    const rows = Object.values(problems)
    expect(new Set(rows.map(({ slug }) => slug)).size).toBe(rows.length)
    for (const { help, slug } of rows) for (const [key] of headings) expect(help[key].length, `${slug} ${key}`).toBeGreaterThan(3)
  })
})

describe('the size of an ITT', () => {
  it('alone makes the verdict: a device that comes back with fewer or more EventID bits than the guest gave it', () => {
    for (const size of [1, 5]) {
      const { verdict, findings, lost } = audit(setScene(healthy().dte(24, { size, ittAddr: 0x4101_8000 }).input()))
      expect([verdict, findings.map(({ code }) => code), lost]).toEqual(['corrupts', ['D212'], 0])
    }
  })
})

describe('a VM without problems', () => {
  it.each([
    ['two devices', () => healthy()],
    ['a two-level table', () => healthy({ indirect: true })],
    ['no device at all', () => new PlantedVm()],
    ['a device without an event', () => healthy().map(32, {}).save()],
    [
      'a function that agrees',
      () => Object.assign(healthy(), { more: { msi: [pciFunction(16, [0, 1]), pciFunction(40, [], false)] } }),
    ],
  ])('has no finding: %s', (_what, vm) => {
    const report = audit(setScene(vm().input()))
    expect(report.findings).toEqual([])
    expect(report.verdict).toBe('restores')
    expect(report.restored).toEqual(report.live)
  })
})
